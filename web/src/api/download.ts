/** Saves what a path of the API answers as a file, such as CSV. */
import { fetchText } from "./client";

/** Reads the text first, so that a refusal is told in the page and is no file. */
export async function saveText(path: string, name: string): Promise<void> {
  const text = await fetchText(path, { headers: { Accept: "text/csv" } });
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
