/** A form that is sent: busy meanwhile, and what was refused stands beside it. */
import { useState } from "preact/hooks";
import { asProblem, type ApiProblem } from "~/api/problem";

export interface Submit {
  busy: boolean;
  problem: ApiProblem | null;
  /** For `onSubmit` of a form. */
  submit: (event?: Event) => Promise<void>;
  /** What is wrong with the field of a pointer, `/email`. */
  wrong: (pointer: string) => string | undefined;
  clear: () => void;
}

export function useSubmit(send: () => Promise<unknown>): Submit {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const submit = async (event?: Event) => {
    event?.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await send();
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  const wrong = (pointer: string) =>
    problem?.body.errors?.find((one) => one.pointer === pointer || one.pointer.startsWith(`${pointer}/`))?.detail;
  return { busy, problem, submit, wrong, clear: () => setProblem(null) };
}
