/** Why a project or a file has no result: in the page's words where they are known, with the API's own sentence. */
import { language } from "~/i18n";
import { failureWord } from "~/i18n/failures";

export function FailureText({ failure }: { failure: { reason: string; detail: string } }) {
  const word = failureWord(failure.reason);
  const isTold = word !== null && (language.value !== "en" || !failure.detail);
  return (
    <>
      {isTold && <p><strong>{word}</strong></p>}
      {failure.detail && <p lang="en" class={isTold ? "hint" : ""}>{failure.detail}</p>}
      <p class="hint">{failure.reason}</p>
    </>
  );
}
