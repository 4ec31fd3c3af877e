// Skeletons and heatmaps on a canvas. A view says where the picture lies: px of the canvas =
// x + zoom * (px of the picture, counted from its edge). Joints count from a pixel's middle.

const rgb = (color) => `rgb(${color.join(" ")})`;

/** The view that shows a region [left, top, right, bottom] in the middle of a canvas. */
export function fit(canvas, [left, top, right, bottom]) {
  const zoom = Math.min(canvas.width / (right - left), canvas.height / (bottom - top));
  return {
    zoom,
    x: (canvas.width - zoom * (left + right)) / 2,
    y: (canvas.height - zoom * (top + bottom)) / 2,
  };
}

/** A joint's place on the canvas. */
export function place(view, [x, y]) {
  return [view.x + view.zoom * (x + 0.5), view.y + view.zoom * (y + 0.5)];
}

/** A region's left, top, width, height on the canvas. */
export function frame(view, [left, top, right, bottom]) {
  return [
    view.x + view.zoom * left,
    view.y + view.zoom * top,
    view.zoom * (right - left),
    view.zoom * (bottom - top),
  ];
}

/** Clear the canvas and draw the picture. */
export function drawPicture(context, view, picture) {
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture.bitmap, ...frame(view, [0, 0, picture.width, picture.height]));
}

/** Joints between two stacks: `time` 1.5 is half-way from the second (1) to the third (2). */
export function jointsAt(pose, time) {
  const [before, after] = [Math.floor(time), Math.ceil(time)].map((stack) => pose.stacks[stack]);
  const share = time - Math.floor(time);
  return before.keypoints.map((point, joint) =>
    point.map((value, axis) => value + share * (after.keypoints[joint][axis] - value)),
  );
}

/** A heatmap in colors, one px each, on a canvas of its own. */
export function heatTile(pose, colors, stack, joint) {
  const [, joints, height, width] = pose.heatmaps.shape;
  const start = (stack * joints + joint) * height * width;
  const tile = new ImageData(width, height);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const value = pose.heatmaps.values[start + pixel];
    tile.data.set(colors[value], 4 * pixel);
    tile.data[4 * pixel + 3] = 0.9 * Math.min(255, 2 * value);
  }
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(tile, 0, 0);
  return canvas;
}

/** Darken what the network sees, and lay a heatmap over it. */
export function drawHeat(context, view, pose, tile) {
  context.fillStyle = "rgb(0 0 0 / 40%)";
  context.fillRect(...frame(view, pose.crop));
  const area = pose.heatmaps.area.map((edge) => edge + 0.5);
  context.drawImage(tile, ...frame(view, area));
}

/** How thick lines are: by the person's size on the canvas. */
function thickness(context, view, pose) {
  const [, , width, height] = frame(view, pose.crop);
  const least = context.canvas.width / context.canvas.clientWidth;
  return Math.min(Math.max(Math.min(width, height) / 90, least), 6 * least);
}

/** The links and joints whose scores suffice; `shown` (joint) says which. */
export function drawSkeleton(context, view, pose, network, points, shown) {
  const line = thickness(context, view, pose);
  const places = points.map((point) => place(view, point));
  const links = network.links
    .map((ends, link) => ({ ends, color: rgb(network.link_colors[link]) }))
    .filter(({ ends }) => ends.every(shown));
  context.lineCap = "round";
  for (const rim of [true, false]) { // a dark rim tells lines from a ground of their color
    context.lineWidth = rim ? 1.7 * line : line;
    for (const { ends, color } of links) {
      context.strokeStyle = rim ? "black" : color;
      context.beginPath();
      context.moveTo(...places[ends[0]]);
      context.lineTo(...places[ends[1]]);
      context.stroke();
    }
  }
  places.forEach((at, joint) => {
    if (shown(joint)) drawDot(context, at, 1.4 * line, rgb(network.joint_colors[joint]));
  });
}

/** Where the links were after a stack, from 0: thin and white. */
export function drawGhost(context, view, pose, network, stack, shown) {
  const line = 0.6 * thickness(context, view, pose);
  const places = pose.stacks[stack].keypoints.map((point) => place(view, point));
  for (const [color, width] of [["rgb(0 0 0 / 50%)", 2 * line], ["rgb(255 255 255 / 85%)", line]]) {
    context.strokeStyle = color;
    context.lineWidth = width;
    for (const ends of network.links.filter((each) => each.every(shown))) {
      context.beginPath();
      context.moveTo(...places[ends[0]]);
      context.lineTo(...places[ends[1]]);
      context.stroke();
    }
  }
}

/** A joint's way through the stacks up to `time`, hollow rings where it was after each. */
export function drawTrail(context, view, pose, joint, time) {
  const line = Math.max(2, 0.4 * thickness(context, view, pose));
  const stacks = pose.stacks.slice(0, Math.floor(time) + 1);
  const way = stacks.map((stack) => place(view, stack.keypoints[joint]));
  const end = place(view, jointsAt(pose, time)[joint]);
  for (const [color, width] of [["rgb(0 0 0 / 70%)", 2 * line], ["white", line]]) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(...way[0]);
    for (const at of [...way.slice(1), end]) context.lineTo(...at);
    context.stroke();
  }
  for (const at of way.slice(0, Math.ceil(time))) drawDot(context, at, 1.6 * line, "rgb(0 0 0 / 70%)");
}

/** A disc in a white rim. */
export function drawDot(context, [x, y], radius, color) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = color;
  context.fill();
  context.strokeStyle = "white";
  context.lineWidth = Math.max(1, radius / 3);
  context.stroke();
}
