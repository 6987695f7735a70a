// A client as somebody would write it on the generated types. It has to compile with `tsc --strict` and no other flag.
import type { components, operations, paths, webhooks } from "./api";

type Schemas = components["schemas"];
type Body<Name extends keyof operations> = operations[Name] extends {
  requestBody: { content: { "application/json": infer Content } };
}
  ? Content
  : never;

// What may be left out of a request may be left out of its type.
export const fromUrl: Body<"createProject"> = { source_url: "https://example.org/lecture.mp4" };
export const withOptions: Body<"createProject"> = {
  upload_id: "0b8e6c4e-7d57-4b52-8a55-6c1f3f0a9e21",
  options: { max_clips: 5, aspects: ["9:16", "1:1"], export: { file: { container: "mp4" } } },
};
export const upload: Body<"signUpload"> = { filename: "lecture.mp4", size_bytes: 48211903 };
export const wholeUpload: Body<"completeUpload"> = {};
export const anExport: Body<"requestExport"> = {};
export const kit: Body<"createBrandKit"> = { name: "House style", colours: { primary: "#0a3d62" } };
export const hook: Body<"createEndpoint"> = { url: "https://example.org/hook", events: ["project.completed"] };
export const edit: Body<"editClip"> = {
  operations: [{ op: "drop_fillers" }, { op: "trim", segment_id: "s1", end_ms: 790000 }],
};
// @ts-expect-error a field that the API does not know
export const unknownField: Body<"createProject"> = { source_url: "https://example.org/a.mp4", titel: "x" };
// @ts-expect-error a value that is no choice
export const unknownShape: Body<"requestExport"> = { aspect: "10:16" };

// Kinds of a union are told apart by their tag.
export function seconds(operation: Schemas["Trim"] | Schemas["Speed"] | Schemas["DropPauses"]): number {
  switch (operation.op) {
    case "trim":
      return ((operation.end_ms ?? 0) - (operation.start_ms ?? 0)) / 1000;
    case "speed":
      return operation.speed;
    case "drop_pauses":
      return (operation.leave_ms ?? 250) / 1000;
  }
}

// Fields of an answer are there: only what may be null needs a question.
export function table(clips: Schemas["ClipList"]): string[] {
  if (clips.nothing_found_reason !== null) {
    return [clips.nothing_found_reason];
  }
  return clips.items.map((clip) => `${clip.ordinal + 1} ${clip.title.trim()} ${clip.end_ms - clip.start_ms} ms`);
}

export function progress(project: Schemas["Project"]): string {
  const running = project.stages.filter((stage) => stage.state === "running").map((stage) => stage.stage);
  const failed: string = project.failure === null || project.failure === undefined ? "" : project.failure.reason;
  return `${project.state} ${project.percent ?? 0} % ${running.join(", ")}${failed}`;
}

export function problem(answer: Schemas["Problem"]): string {
  return answer.errors?.map((one) => `${one.pointer}: ${one.detail}`).join("\n") || answer.detail;
}

export function firstMention(list: Schemas["MentionedList"]): number | undefined {
  return list.items[0]?.projects[0]?.mentions[0]?.[0];
}

// Messages are told apart by their type.
type Message = webhooks[keyof webhooks] extends { post: { requestBody: { content: { "application/json": infer One } } } }
  ? One
  : never;

export function told(message: Message): string {
  switch (message.type) {
    case "project.completed":
      return `${message.data.project_id}: ${message.data.clip_count} clips`;
    case "project.failed":
      return message.data.detail;
    case "export.completed":
      return `${message.data.duration_ms} ms, ${message.data.faults.length} faults`;
    default:
      return message.type;
  }
}

type Query = NonNullable<paths["/v1/search"]["get"]["parameters"]["query"]>;
export const search: Query = { q: "half-life", mode: "hybrid", limit: 5 };

export function list(base: string, key: string, query: Query): Promise<Schemas["SearchResult"]> {
  const asked = Object.keys(query).map((name) => `${name}=${encodeURIComponent(String(query[name as keyof Query]))}`);
  return fetch(`${base}/v1/search?${asked.join("&")}`, { headers: { Authorization: `Bearer ${key}` } }).then(
    (answer) => answer.json() as Promise<Schemas["SearchResult"]>,
  );
}
