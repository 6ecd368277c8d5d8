// Computes where the nodes of the flow diagram stand and how its edges run, from a graph and a width.

const NODE = { height: 84, exits: 26, gap: 14 };
const MOST_WIDE = 228;
/// The least width between two columns, which the label of an edge needs.
const BETWEEN = 120;
/// Below this width the graph is drawn from top to bottom.
const NARROW = 720;
/// The width in which an edge bends.
const TURN = 28;
/// The height of the edge between a source and its stream when the graph is drawn from top to bottom.
const SOURCE_STEP = 44;
const RAIL = { step: 66, indent: 30, start: 16 };

/// Returns `{width, height, narrow, nodes: Map(id -> {x, y, width, height}), edges: [{edge, path, label: {x, y,
/// width}}]}`.
export function layout(graph, width) {
  return width < NARROW ? stacked(graph, width) : columns(graph, width);
}

function columns(graph, width) {
  const used = [0, 1, 2, 3].filter((column) => graph.nodes.some((node) => node.column === column));
  const wide = Math.min(MOST_WIDE, (width - BETWEEN * (used.length - 1)) / used.length);
  const between = used.length > 1 ? (width - wide * used.length) / (used.length - 1) : 0;
  const places = new Map();
  const pitch = NODE.height + NODE.exits + NODE.gap;
  let rows = 0;
  const put = (node, row) => places.set(node.id, { x: used.indexOf(node.column) * (wide + between), y: row * pitch, width: wide, height: NODE.height });
  const of = (id, side) => graph.edges.filter((edge) => edge[side === "to" ? "from" : "to"] === id).map((edge) => graph.nodes.find((node) => node.id === edge[side]));
  for (const stream of graph.nodes.filter((node) => node.kind === "stream")) {
    const [sources, takers] = [of(stream.id, "from"), of(stream.id, "to")];
    const most = Math.max(1, sources.length, takers.length);
    const middle = (list) => rows + (most - list.length) / 2;
    sources.forEach((node, i) => put(node, middle(sources) + i));
    takers.forEach((node, i) => put(node, middle(takers) + i));
    put(stream, middle([stream]));
    rows += most;
  }
  for (const node of graph.nodes.filter((one) => one.column === 0 && !places.has(one.id))) put(node, rows++);
  rows = Math.max(rows, bucketsAt(graph, places, put, pitch));
  const edges = graph.edges.map((edge) => across(edge, places, between));
  return { width, height: rows * pitch - NODE.gap, narrow: false, nodes: places, edges };
}

/// Places each bucket beside the middle of the nodes that lead to it. Returns the number of rows that are used.
function bucketsAt(graph, places, put, pitch) {
  const wanted = graph.nodes.filter((node) => node.kind === "bucket").map((node) => {
    const rows = graph.edges.filter((edge) => edge.to === node.id).map((edge) => places.get(edge.from).y / pitch);
    return { node, row: rows.length > 0 ? rows.reduce((sum, row) => sum + row, 0) / rows.length : Infinity };
  });
  let least = 0;
  for (const { node, row } of wanted.sort((a, b) => a.row - b.row)) {
    const at = Number.isFinite(row) ? Math.max(row, least) : least;
    put(node, at);
    least = at + 1;
  }
  return least;
}

function across(edge, places, between) {
  const [from, at] = [places.get(edge.from), places.get(edge.to)];
  const [x1, y1] = [from.x + from.width, from.y + from.height / 2];
  const [x2, y2] = [at.x, at.y + at.height / 2];
  // Edges meet at streams and buckets. They bend there, and are straight where their labels stand.
  const late = edge.kind !== "mapping" && edge.kind !== "delivery";
  const turn = Math.min(TURN, between / 3);
  const bent = late ? x2 - turn : x1;
  const curve = `C${bent + turn / 2} ${y1} ${bent + turn / 2} ${y2} ${bent + turn} ${y2}`;
  return {
    edge,
    path: `M${x1} ${y1}${late ? `H${bent}` : ""}${curve}H${x2}`,
    label: { x: x1 + (late ? 0 : turn - 6), y: late ? y1 : y2, width: between - turn + 6 },
  };
}

/// Draws from top to bottom: a stream below its source, and its readers below the stream on a rail.
function stacked(graph, width) {
  const places = new Map();
  const edges = [];
  const tall = NODE.height + NODE.exits;
  let y = 0;
  const stand = (id, indent) => {
    places.set(id, { x: indent, y, width: width - indent, height: NODE.height });
    y += tall;
  };
  for (const stream of graph.nodes.filter((node) => node.kind === "stream")) {
    for (const edge of graph.edges.filter((one) => one.to === stream.id)) {
      stand(edge.from, 0);
      edges.push({ edge, path: `M${RAIL.start} ${y - NODE.exits}V${y + SOURCE_STEP}`, label: { x: RAIL.indent, y: y + SOURCE_STEP / 2, width: width - RAIL.indent } });
      y += SOURCE_STEP;
    }
    const rail = y + NODE.height;
    stand(stream.id, 0);
    y -= NODE.exits;
    for (const edge of graph.edges.filter((one) => one.from === stream.id)) {
      const middle = y + RAIL.step + NODE.height / 2;
      edges.push({ edge, path: `M${RAIL.start} ${rail}V${middle - 10}Q${RAIL.start} ${middle} ${RAIL.indent} ${middle}`, label: { x: RAIL.indent, y: y + RAIL.step / 2, width: width - RAIL.indent } });
      y += RAIL.step;
      stand(edge.to, RAIL.indent);
    }
    y += NODE.gap;
  }
  for (const node of graph.nodes.filter((one) => !places.has(one.id))) stand(node.id, 0);
  return { width, height: y, narrow: true, nodes: places, edges };
}
