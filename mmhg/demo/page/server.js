// What the page asks the server.

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("The server does not answer; is `mmhg demo` still running?");
  }
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer;
}

const post = (path, file) =>
  ask(path, { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } });

/** The network, the limits and the examples. */
export async function about() {
  return (await ask("api/about")).json();
}

/** The file of a synthetic person. */
export async function exampleFile(number) {
  return (await ask(`api/examples/${number}`)).blob();
}

/** A picture to draw, upright, with its true width and height in px. */
export async function readPicture(file) {
  const answer = await post("api/picture", file);
  const [width, height] = ["X-Width", "X-Height"].map((name) => Number(answer.headers.get(name)));
  return { bitmap: await createImageBitmap(await answer.blob()), width, height };
}

/** A person's joints and heatmaps after each stack; `box` null stands for the whole picture. */
export async function readPose(file, name, box) {
  const query = new URLSearchParams({ name });
  if (box) query.set("box", box.join(","));
  const pose = await (await post(`api/pose?${query}`, file)).json();
  const bytes = atob(pose.heatmaps.values);
  pose.heatmaps.values = Uint8Array.from(bytes, (character) => character.charCodeAt(0));
  return pose;
}
