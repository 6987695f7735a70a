import { cleanup, render, screen, waitFor } from "@testing-library/preact";
import { afterEach, describe, expect, it, vi } from "vitest";
import { invalidate, setQuery, useQuery } from "./query";

afterEach(cleanup);

function Shown({ load, id = "things/1" }: { load: () => Promise<string>; id?: string }) {
  const { data, problem, loading } = useQuery(id, load);
  return <p>{problem ? `problem ${problem.detail}` : `${data ?? "nothing"} ${loading ? "loading" : "ready"}`}</p>;
}

describe("useQuery", () => {
  it("asks once for all that show the same thing", async () => {
    const load = vi.fn(async () => "one");
    render(<><Shown load={load} id="shared/1" /><Shown load={load} id="shared/1" /></>);
    await waitFor(() => expect(screen.getAllByText("one ready")).toHaveLength(2));
    expect(load).toHaveBeenCalledOnce();
  });

  it("keeps what is shown while it reads again", async () => {
    let finish = (_: string) => {};
    const load = vi.fn().mockResolvedValueOnce("old").mockImplementationOnce(() => new Promise<string>((resolve) => (finish = resolve)));
    render(<Shown load={load} id="kept/1" />);
    await screen.findByText("old ready");
    invalidate("kept");
    await screen.findByText("old loading");
    finish("new");
    await screen.findByText("new ready");
  });

  it("leaves other things alone", async () => {
    const load = vi.fn(async () => "one");
    render(<Shown load={load} id="thing-two/1" />);
    await screen.findByText("one ready");
    invalidate("thing");
    expect(load).toHaveBeenCalledOnce();
  });

  it("shows a value that a change brought, and a problem as words", async () => {
    render(<Shown load={async () => "first"} id="set/1" />);
    await screen.findByText("first ready");
    setQuery<string>("set/1", (old) => `${old} and second`);
    await screen.findByText("first and second ready");
    render(<Shown load={() => Promise.reject(new Error("broken"))} id="set/2" />);
    await screen.findByText("problem broken");
  });
});
