// The table of joints: scores, movement, and whose heatmap is shown.

export class JointTable {
  /** `onPick` gets the joint that was chosen, or null for all of them. */
  constructor(body, network, onPick) {
    this.rows = [null, ...network.joints.keys()].map((joint) => {
      const row = body.insertRow();
      const name = joint === null ? "skeleton" : network.joints[joint].replaceAll("_", " ");
      row.innerHTML =
        '<th scope="row"><label><input type="radio" name="joint"><span class="swatch"></span><span class="name"></span></label></th>' +
        '<td><span class="score"><meter min="0" max="1"></meter><span></span></span></td><td></td>';
      row.querySelector(".name").textContent = name;
      const swatch = row.querySelector(".swatch");
      if (joint === null) {
        swatch.remove();
        row.cells[1].replaceChildren();
        row.querySelector("input").checked = true;
      } else {
        swatch.style.background = `rgb(${network.joint_colors[joint].join(" ")})`;
        row.querySelector("meter").setAttribute("aria-label", `score of ${name}`);
      }
      row.querySelector("input").addEventListener("change", () => onPick(joint));
      return row;
    });
  }

  /** Check a joint's row, or the first with null. */
  pick(joint) {
    this.rows[joint === null ? 0 : joint + 1].querySelector("input").checked = true;
  }

  /** Fill in what is known after a stack, from 0. */
  show(pose, stack, threshold) {
    const { keypoints, scores } = pose.stacks[stack];
    const before = stack ? pose.stacks[stack - 1].keypoints : null;
    this.rows.slice(1).forEach((row, joint) => {
      const [x, y] = keypoints[joint];
      row.classList.toggle("low", scores[joint] < threshold);
      row.querySelector("meter").value = scores[joint];
      row.querySelector(".score span").textContent = scores[joint].toFixed(2);
      row.cells[2].textContent = before ? Math.hypot(x - before[joint][0], y - before[joint][1]).toFixed(1) : "";
    });
  }
}
