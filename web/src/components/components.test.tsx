import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/preact";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ApiProblem } from "~/api/problem";
import { toasts } from "~/state/toasts";
import { Button } from "./button";
import { TextField } from "./fields";
import { Menu } from "./menu";
import { ProblemNotice } from "./states";

afterEach(() => {
  cleanup();
  toasts.value = [];
});

describe("Button", () => {
  it("is busy until its promise ends, so that it acts once", async () => {
    let finish = () => {};
    const press = vi.fn(() => new Promise<void>((resolve) => (finish = resolve)));
    render(<Button onClick={press}>Save</Button>);
    const button = screen.getByRole<HTMLButtonElement>("button", { name: "Save" });
    fireEvent.click(button);
    fireEvent.click(button);
    expect(press).toHaveBeenCalledOnce();
    expect(button.disabled).toBe(true);
    finish();
    await waitFor(() => expect(button.disabled).toBe(false));
  });

  it("tells why it failed, with the id of the request", async () => {
    const headers = new Headers({ "x-request-id": "r7" });
    const problem = new ApiProblem({ title: "Full", detail: "The plan is used up.", status: 402, code: "quota" }, headers);
    render(<Button onClick={() => Promise.reject(problem)}>Save</Button>);
    fireEvent.click(screen.getByRole("button"));
    await waitFor(() => expect(toasts.value[0]?.text).toBe("The plan is used up."));
    expect(toasts.value[0]?.detail).toContain("r7");
  });
});

describe("TextField", () => {
  it("names its field, and says what is wrong with it", () => {
    render(<TextField label="Name" value="" onInput={() => {}} hint="As on the door" error="Too long" />);
    const field = screen.getByLabelText("Name");
    const described = field.getAttribute("aria-describedby")?.split(" ").map((id) => document.getElementById(id)?.textContent);
    expect(described).toEqual(["As on the door", "Too long"]);
    expect(field.getAttribute("aria-invalid")).toBe("true");
  });
});

describe("Menu", () => {
  it("is opened and walked by keys, and gives focus back", async () => {
    const chosen = vi.fn();
    render(<Menu label="More" button="…" items={[{ label: "Rename", onSelect: chosen }, { label: "Gone", disabled: true }, { label: "Erase" }]} />);
    const button = screen.getByRole("button", { name: "More" });
    fireEvent.click(button);
    await waitFor(() => expect(document.activeElement?.textContent).toBe("Rename"));
    fireEvent.keyDown(document.activeElement!, { key: "ArrowDown" });
    expect(document.activeElement?.textContent).toBe("Erase");
    fireEvent.keyDown(document.activeElement!, { key: "Home" });
    fireEvent.click(document.activeElement!);
    expect(chosen).toHaveBeenCalledOnce();
    expect(document.activeElement).toBe(button);
  });
});

describe("ProblemNotice", () => {
  it("says what to do where nobody answered", () => {
    const again = vi.fn();
    render(<ProblemNotice problem={new ApiProblem({ title: "No answer", status: 0, code: "offline" })} onRetry={again} />);
    expect(screen.getByRole("alert").textContent).toContain("Check the connection");
    fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(again).toHaveBeenCalledOnce();
  });
});
