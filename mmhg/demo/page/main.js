// What is shown, and what happens when somebody does something.

import { Film } from "./film.js";
import { JointTable } from "./joints.js";
import { heatTile } from "./paint.js";
import { about, exampleFile, readPicture, readPose } from "./server.js";
import { Stage } from "./stage.js";

const element = (id) => document.getElementById(id);
const still = matchMedia("(prefers-reduced-motion: reduce)");
const STEP = 300; // ms that joints take from stack to stack
const PAUSE = 1200; // ms for each stack in play

const state = {
  network: null,
  file: null,
  name: "",
  picture: null,
  box: null, // null: the whole picture
  pose: null,
  stack: 0,
  time: 0, // the stack that is drawn; between two while joints move
  joint: null, // null: the skeleton
  tiles: [], // the joint's heatmaps in colors, by stack
  asked: 0, // number of the last question; answers to earlier ones are dropped
  example: 0,
};

const stage = new Stage(element("picture"), { onBox: setBox, onTap: pickJoint });
const film = new Film(element("film"), (stack) => { stop(); goTo(stack); });
let table = null;
let player = null;

// Pictures and boxes

async function open(file, name, box = null) {
  if (!state.network) return;
  stop();
  const limit = state.network.max_upload;
  if (file.size > limit) {
    const sizes = [file.size, limit].map((size) => `${(size / 1e6).toFixed(1)} MB`);
    return complain(`${name}: this file has ${sizes[0]}, the limit is ${sizes[1]}. Make the picture smaller.`);
  }
  await ask(name, async (current) => {
    const picture = await readPicture(file);
    if (!current()) return;
    Object.assign(state, { file, name, picture, box, pose: null });
    element("stage").classList.add("filled");
    element("box").disabled = false;
    element("refinement").hidden = true;
    element("zoom").checked = false;
    enable(false);
    render();
    await look(current);
  });
}

async function setBox(box) {
  stop();
  const before = state.box;
  state.box = box;
  render();
  await ask("box", look, () => { state.box = before; });
}

async function look(current) {
  const { file, name, box } = state;
  const pose = await readPose(file, name, box);
  if (!current()) return;
  const first = state.pose === null;
  Object.assign(state, { pose, tiles: [] });
  if (first) state.stack = state.time = pose.stacks.length - 1;
  element("refinement").hidden = pose.stacks.length < 2;
  enable(true);
  pickJoint(state.joint);
  goTo(state.stack);
}

/** Do what needs the server, unless something else is asked for meanwhile; tell what goes wrong. */
async function ask(subject, work, undo = () => {}) {
  const number = ++state.asked;
  const current = () => number === state.asked;
  element("stage").classList.add("busy");
  element("message").hidden = true;
  hint("Looking …");
  try {
    await work(current);
  } catch (error) {
    if (!current()) return;
    undo();
    const named = error.message.startsWith(`${subject} `); // "box [...] has no area"
    complain(named ? error.message : `${subject}: ${error.message}`);
  }
  if (!current()) return;
  element("stage").classList.remove("busy");
  render();
}

function complain(text) {
  element("message").textContent = text;
  element("message").hidden = false;
  element("message").scrollIntoView({ block: "nearest" });
}

function hint(text) {
  element("hint").textContent = text;
}

// Stacks and joints

function goTo(stack) {
  state.stack = stack;
  element("stack").value = stack + 1;
  if (still.matches) state.time = stack;
  const [from, start] = [state.time, performance.now()];
  const move = (now) => {
    if (state.stack !== stack || !state.pose) return;
    const share = Math.min(1, Math.max(0, (now - start) / STEP));
    state.time = from + (stack - from) * share * (2 - share);
    draw();
    if (share < 1) requestAnimationFrame(move);
  };
  render();
  if (state.time !== stack) requestAnimationFrame(move);
}

function play() {
  let stack = 0;
  goTo(stack);
  element("play").textContent = "Stop";
  player = setInterval(() => {
    goTo(++stack);
    if (stack === state.pose.stacks.length - 1) stop();
  }, PAUSE);
}

function stop() {
  clearInterval(player);
  player = null;
  element("play").textContent = "Play";
}

function pickJoint(joint) {
  state.joint = joint;
  table.pick(joint);
  state.tiles = joint === null || !state.pose ? [] : state.pose.stacks.map(
    (_, stack) => heatTile(state.pose, state.network.heat_colors, stack, joint),
  );
  render();
}

const threshold = () => Number(element("threshold").value);
const shown = (joint, stack = state.stack) => state.pose.stacks[stack].scores[joint] >= threshold();

// Drawing

function draw() {
  const { picture, box, pose, network, time, joint, tiles } = state;
  if (!picture) return;
  const tile = tiles[Math.round(time)];
  stage.show({ picture, box, pose, network, time, joint, tile, shown, zoomed: element("zoom").checked });
}

function render() {
  element("lowest").textContent = threshold().toFixed(2);
  draw();
  if (!state.picture) return hint("");
  const { picture, box, pose, stack, joint, network, name } = state;
  for (const [index, side] of ["left", "top", "right", "bottom"].entries()) {
    const value = (box ?? [0, 0, picture.width, picture.height])[index];
    document.querySelector(`#box [name=${side}]`).value = Math.round(100 * value) / 100;
  }
  if (!pose) return;
  film.show({ ...state, shown });
  film.mark(stack);
  table.show(pose, stack, threshold());
  element("after").textContent = `After stack ${stack + 1} of ${pose.stacks.length}`;
  const number = network.joints.filter((_, each) => shown(each)).length;
  const seen = joint === null ? `skeleton of ${number} joints` : `heatmap of the ${network.joints[joint].replaceAll("_", " ")}`;
  element("picture").setAttribute("aria-label", `${name}: ${seen} after stack ${stack + 1}`);
  if (element("stage").classList.contains("busy")) return;
  const before = stack && joint === null ? ` White: after stack ${stack}.` : "";
  if (!number) hint("No joint has a score as high as asked for; lower it.");
  else if (box) hint(`Drag over the picture for another box. Click a joint for its heatmap.${before}`);
  else hint(`Taken as one person who fills the picture. Drag over the picture to mark a person.${before}`);
}

function enable(on) {
  for (const id of ["zoom", "save", "joints"]) element(id).disabled = !on;
}

// What somebody does

element("file").addEventListener("change", (event) => {
  const [file] = event.target.files;
  event.target.value = ""; // the same file may be chosen again
  if (file) open(file, file.name);
});

element("example").addEventListener("click", () => {
  const number = state.example++ % state.network.examples.length;
  const { name, box } = state.network.examples[number];
  exampleFile(number).then((file) => open(file, name, box), (error) => complain(error.message));
});

addEventListener("paste", (event) => {
  const [file] = event.clipboardData.files;
  if (file) open(file, file.name);
});

addEventListener("dragover", (event) => {
  event.preventDefault();
  element("stage").classList.add("dropping");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) element("stage").classList.remove("dropping");
});
addEventListener("drop", (event) => {
  event.preventDefault();
  element("stage").classList.remove("dropping");
  const [file] = event.dataTransfer.files;
  if (file) open(file, file.name);
});

element("box").addEventListener("change", (event) => {
  const sides = [...element("box").querySelectorAll("input")];
  if (event.target.reportValidity()) setBox(sides.map((side) => side.valueAsNumber));
});
element("whole").addEventListener("click", () => setBox(null));
element("stack").addEventListener("input", (event) => { stop(); goTo(event.target.valueAsNumber - 1); });
element("play").addEventListener("click", () => (player === null ? play() : stop()));
element("zoom").addEventListener("change", render);
element("threshold").addEventListener("input", render);

element("save").addEventListener("click", () => {
  const text = JSON.stringify(state.pose.document, null, 1);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = `${state.name.replace(/\.[^.]*$/, "")}_keypoints.json`;
  link.click();
  URL.revokeObjectURL(link.href);
});

try {
  const network = await about();
  const { config, checkpoint, stacks, joints, examples } = network;
  const count = `${stacks} ${stacks === 1 ? "stack" : "stacks"}`;
  element("network").textContent = `${config} · ${checkpoint} · ${count} · ${joints.length} joints`;
  document.title = `Stacked Hourglass: ${checkpoint}`;
  element("stack").max = stacks;
  element("example").hidden = examples.length === 0;
  state.network = network;
  table = new JointTable(document.querySelector("#joints tbody"), network, pickJoint);
  film.reset(stacks);
  render();
} catch (error) {
  complain(error.message);
}
