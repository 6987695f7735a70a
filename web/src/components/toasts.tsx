/** Shows the notes of `state/toasts.ts`; read aloud as they come. */
import { common } from "~/i18n/common";
import { problemWords } from "~/i18n/server-words";
import { dismiss, toasts, type Toast } from "~/state/toasts";
import { Button, IconButton } from "./button";
import { Icon } from "./icon";

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((one) => (
        <div key={one.id} class={`toast ${one.kind}`}>
          <Icon name={one.kind === "done" ? "check" : "warning"} />
          <p>
            <Text toast={one} />
            {one.detail && <small>{one.detail}</small>}
          </p>
          {one.action && (
            <Button small kind="quiet" onClick={() => { one.action?.run(); dismiss(one.id); }}>{one.action.label}</Button>
          )}
          <IconButton small label={common("close")} icon="close" onClick={() => dismiss(one.id)} />
        </div>
      ))}
    </div>
  );
}

function Text({ toast: { text, problem } }: { toast: Toast }) {
  const own = problem && problemWords(problem.code);
  if (!own) return problem && !problem.isOffline ? <span lang="en">{text}</span> : text;
  return <>{own.title}. {own.remedy}{problem.detail && <small lang="en">{problem.detail}</small>}</>;
}
