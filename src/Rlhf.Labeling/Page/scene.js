// Draws figures from stored geometry with the run's scene: thick lines with round ends in a parallel projection.
// A pose holds six numbers a shape, its two end points; the scene says radius, colour, camera and ground.

const floatsPerShape = 6;
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

export class ScenePainter {
  #scene;

  constructor(scene) {
    if (scene.version !== 1) throw new Error(`Scene version ${scene.version}, expected 1.`);
    this.#scene = scene;
  }

  paint(canvas, clip, frame) {
    const { camera, shapes } = this.#scene;
    const pose = clip.poses.subarray(frame * clip.values, (frame + 1) * clip.values);
    const context = canvas.getContext("2d");
    const colours = palette(canvas);
    const view = this.#view(canvas, pose);
    context.fillStyle = colours.sky;
    context.fillRect(0, 0, canvas.width, canvas.height);
    this.#ground(context, canvas, view, colours);

    const lines = shapes.map((shape, i) => {
      const from = pose.subarray(i * floatsPerShape, i * floatsPerShape + 3);
      const to = pose.subarray(i * floatsPerShape + 3, (i + 1) * floatsPerShape);
      return { shape, from, to, depth: dot(camera.depth, from) + dot(camera.depth, to), order: i };
    });
    lines.sort((a, b) => b.depth - a.depth || a.order - b.order);
    context.lineCap = "round";
    for (const { shape, from, to } of lines) {
      const [x1, y1] = view.point(from);
      const [x2, y2] = view.point(to);
      const width = Math.max(2, 2 * shape.radius * view.scale);
      const stroke = (style, extra) => {
        context.strokeStyle = style;
        context.lineWidth = width + extra;
        context.beginPath();
        context.moveTo(x1, y1);
        // A line of no length is drawn by no browser; the caps make this one a ball.
        context.lineTo(x1 === x2 && y1 === y2 ? x2 + 0.01 : x2, y2);
        context.stroke();
      };
      stroke(colours.edge, Math.max(2, canvas.width / 300));
      stroke(shape.color, 0);
    }
  }

  #view(canvas, pose) {
    const { camera } = this.#scene;
    const center = [...camera.center];
    if (camera.follow) {
      const at = camera.follow.shape * floatsPerShape;
      for (let axis = 0; axis < 3; axis++) {
        center[axis] += camera.follow.axes[axis] * (pose[at + axis] + pose[at + 3 + axis]) / 2;
      }
    }
    const scale = canvas.height / camera.height;
    const originX = canvas.width / 2 - dot(camera.right, center) * scale;
    const originY = canvas.height / 2 + dot(camera.up, center) * scale;
    return { center, scale, point: (p) => [originX + dot(camera.right, p) * scale, originY - dot(camera.up, p) * scale] };
  }

  #ground(context, canvas, view, colours) {
    const { camera, ground } = this.#scene;
    if (ground.kind === "none") return;
    // As far as any corner of the window can see, and a little more.
    const reach = (canvas.width + 2 * canvas.height) / view.scale;
    const step = ground.spacing;
    const first = (axis) => Math.floor((view.center[axis] - reach) / step) * step;
    const last = (axis) => view.center[axis] + reach;
    context.lineWidth = Math.max(1, canvas.width / 500);
    if (ground.kind === "line") {
      const [, y] = view.point([view.center[0], view.center[1], ground.at]);
      context.fillStyle = colours.earth;
      context.fillRect(0, y, canvas.width, canvas.height - y);
      const [x0] = view.point([0, 0, ground.at]);
      const width = step * view.scale * Math.abs(camera.right[0] || 1);
      const depth = Math.max(6, canvas.height * 0.035);
      // Every other tile is darker, counted from the world's origin, so that movement shows.
      for (let tile = Math.floor(-x0 / width); x0 + tile * width < canvas.width; tile++) {
        context.fillStyle = tile % 2 === 0 ? colours.tile : colours.earth;
        context.fillRect(x0 + tile * width, y, width, depth);
      }
      context.fillStyle = colours.line;
      context.fillRect(0, y - context.lineWidth / 2, canvas.width, context.lineWidth);
      return;
    }
    context.strokeStyle = colours.grid;
    context.beginPath();
    for (const [along, across] of [[0, 1], [1, 0]]) {
      for (let at = first(across); at <= last(across); at += step) {
        const from = [0, 0, ground.at];
        const to = [0, 0, ground.at];
        from[across] = to[across] = at;
        from[along] = first(along);
        to[along] = last(along);
        context.moveTo(...view.point(from));
        context.lineTo(...view.point(to));
      }
    }
    context.stroke();
  }
}

/** The style sheet's colours, so that light and dark stand in one place. */
function palette(canvas) {
  const style = getComputedStyle(canvas);
  const colour = (name) => style.getPropertyValue(`--scene-${name}`).trim();
  return { sky: colour("sky"), earth: colour("earth"), tile: colour("tile"), line: colour("line"), grid: colour("grid"), edge: colour("edge") };
}
