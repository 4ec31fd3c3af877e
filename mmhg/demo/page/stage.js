// The large picture: what is drawn on it, and boxes that are drawn with mouse or finger.

import { drawDot, drawGhost, drawHeat, drawPicture, drawSkeleton, drawTrail, fit, frame, jointsAt, place } from "./paint.js";

const DRAG = 5; // px that a click may wander
const SMALLEST = 8; // px on the screen that a box must have
const HANDLE = { mouse: 12, pen: 16, touch: 24 }; // px on the screen

export class Stage {
  /** `onBox` gets a box [left, top, right, bottom] that was drawn; `onTap` the joint that was hit, or null. */
  constructor(canvas, { onBox, onTap }) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.onBox = onBox;
    this.onTap = onTap;
    this.scene = null; // what is shown
    this.drag = null; // a box in the making
    new ResizeObserver(() => this.resize()).observe(canvas);
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.end(event));
    canvas.addEventListener("pointercancel", () => this.cancel());
    addEventListener("keydown", (event) => event.key === "Escape" && this.cancel());
  }

  /** Show a scene: `picture`, `box`, `pose` (or null), `network`, `time`, `joint`, `tile`, `shown`, `zoomed`. */
  show(scene) {
    this.scene = scene;
    this.draw();
  }

  resize() {
    const density = devicePixelRatio;
    this.canvas.width = Math.max(1, Math.round(this.canvas.clientWidth * density));
    this.canvas.height = Math.max(1, Math.round(this.canvas.clientHeight * density));
    this.draw();
  }

  view() {
    const { picture, pose, zoomed } = this.scene;
    return fit(this.canvas, zoomed && pose ? pose.crop : [0, 0, picture.width, picture.height]);
  }

  draw() {
    if (!this.scene) return;
    const { picture, box, pose, network, time, joint, tile, shown } = this.scene;
    const { context } = this;
    const view = this.view();
    drawPicture(context, view, picture);
    if (pose && !this.drag?.box) {
      const points = jointsAt(pose, time);
      if (joint === null) {
        if (time > 0) drawGhost(context, view, pose, network, Math.ceil(time) - 1, shown);
        drawSkeleton(context, view, pose, network, points, shown);
      } else {
        drawHeat(context, view, pose, tile);
        context.globalAlpha = 0.35;
        drawSkeleton(context, view, pose, network, points, shown);
        context.globalAlpha = 1;
        drawTrail(context, view, pose, joint, time);
        const radius = Math.max(5 * devicePixelRatio, view.zoom * 1.5);
        drawDot(context, place(view, points[joint]), Math.min(radius, 9 * devicePixelRatio), `rgb(${network.joint_colors[joint].join(" ")})`);
      }
    }
    this.drawBox(view, this.drag?.box ?? box ?? [0, 0, picture.width, picture.height]);
  }

  drawBox(view, box) {
    const { context } = this;
    const unit = devicePixelRatio;
    const [left, top, width, height] = frame(view, box);
    context.lineWidth = 3 * unit;
    context.strokeStyle = "rgb(0 0 0 / 60%)";
    context.strokeRect(left, top, width, height);
    context.lineWidth = 1.5 * unit;
    context.strokeStyle = "white";
    context.setLineDash([7 * unit, 5 * unit]);
    context.strokeRect(left, top, width, height);
    context.setLineDash([]);
    for (const x of [left, left + width]) {
      for (const y of [top, top + height]) {
        context.fillStyle = "white";
        context.strokeStyle = "black";
        context.lineWidth = unit;
        context.beginPath();
        context.rect(x - 4 * unit, y - 4 * unit, 8 * unit, 8 * unit);
        context.fill();
        context.stroke();
      }
    }
  }

  /** Where a pointer is, in px of the canvas. */
  at(event) {
    const [x, y] = [event.offsetX, event.offsetY].map((value) => value * devicePixelRatio);
    return [x, y];
  }

  begin(event) {
    if (!this.scene || event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    const at = this.at(event);
    this.drag = { start: at, anchor: this.oppositeCorner(at, event.pointerType) ?? at, box: null };
  }

  /** If a pointer is on a corner of the box: the corner that stays where it is. */
  oppositeCorner(at, pointer) {
    const { picture, box } = this.scene;
    const [left, top, width, height] = frame(this.view(), box ?? [0, 0, picture.width, picture.height]);
    const reach = (HANDLE[pointer] ?? HANDLE.mouse) * devicePixelRatio;
    for (const [right, below] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
      const corner = [left + right * width, top + below * height];
      if (Math.hypot(at[0] - corner[0], at[1] - corner[1]) < reach) {
        return [left + (1 - right) * width, top + (1 - below) * height];
      }
    }
    return null;
  }

  move(event) {
    if (!this.drag) return;
    const at = this.at(event);
    const { start, anchor } = this.drag;
    const wandered = Math.hypot(at[0] - start[0], at[1] - start[1]);
    if (!this.drag.box && wandered < DRAG * devicePixelRatio) return;
    this.drag.box = this.boxBetween(anchor, at);
    this.draw();
  }

  /** The box between two places, in whole px of the picture and inside of it. */
  boxBetween(first, second) {
    const view = this.view();
    const { width, height } = this.scene.picture;
    const [xs, ys] = [[view.x, width], [view.y, height]].map(([origin, most], axis) =>
      [first[axis], second[axis]]
        .map((value) => Math.round((value - origin) / view.zoom))
        .map((value) => Math.min(Math.max(value, 0), most))
        .sort((a, b) => a - b),
    );
    return [xs[0], ys[0], xs[1], ys[1]];
  }

  end(event) {
    if (!this.drag) return;
    const { box } = this.drag;
    this.drag = null;
    if (box) {
      const [, , width, height] = frame(this.view(), box);
      if (Math.min(width, height) >= SMALLEST * devicePixelRatio) this.onBox(box);
    } else {
      this.onTap(this.jointAt(this.at(event)));
    }
    this.draw();
  }

  cancel() {
    this.drag = null;
    this.draw();
  }

  /** The drawn joint under a pointer, or null. */
  jointAt(at) {
    const { pose, time, shown } = this.scene;
    if (!pose) return null;
    const view = this.view();
    const distances = jointsAt(pose, time).map((point, joint) => {
      const [x, y] = place(view, point);
      return shown(joint) ? Math.hypot(x - at[0], y - at[1]) : Infinity;
    });
    const nearest = distances.indexOf(Math.min(...distances));
    return distances[nearest] < 14 * devicePixelRatio ? nearest : null;
  }
}
