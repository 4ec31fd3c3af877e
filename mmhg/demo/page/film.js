// Small pictures of the person, one after each stack: the skeleton, or a joint's heatmap.

import { drawDot, drawHeat, drawPicture, drawSkeleton, fit, place } from "./paint.js";

const SIDE = 224; // px of a canvas

export class Film {
  /** `onPick` gets the stack, from 0, that was chosen. */
  constructor(list, onPick) {
    this.list = list;
    this.onPick = onPick;
  }

  /** Make place for a number of stacks. */
  reset(stacks) {
    this.list.replaceChildren();
    for (let stack = 0; stack < stacks; stack++) {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-label", `After stack ${stack + 1}`);
      button.addEventListener("click", () => this.onPick(stack));
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = SIDE;
      button.append(canvas, `stack ${stack + 1}`);
      this.list.append(document.createElement("li"));
      this.list.lastChild.append(button);
    }
  }

  /** Draw all of them; `tiles` are the joint's heatmaps in colors. */
  show({ picture, pose, network, joint, tiles, shown }) {
    this.buttons.forEach((button, stack) => {
      const context = button.querySelector("canvas").getContext("2d");
      const view = fit(context.canvas, pose.crop);
      const points = pose.stacks[stack].keypoints;
      drawPicture(context, view, picture);
      if (joint === null) {
        const sure = (each) => shown(each, stack);
        drawSkeleton(context, view, pose, network, points, sure);
      } else {
        drawHeat(context, view, pose, tiles[stack]);
        drawDot(context, place(view, points[joint]), 6, `rgb(${network.joint_colors[joint].join(" ")})`);
      }
    });
  }

  /** Mark a stack, from 0. */
  mark(stack) {
    this.buttons.forEach((button, each) => button.setAttribute("aria-pressed", each === stack));
    this.buttons[stack].scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  get buttons() {
    return [...this.list.querySelectorAll("button")];
  }
}
