/** The first-run tour: from a project to a shared clip in five steps, ticked off as they are done. */
import { Button, LinkButton } from "~/components/button";
import { Icon } from "~/components/icon";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { STEPS, endTour, isTourOver, stepsDone, type Step } from "~/state/first-steps";
import { t } from "./messages";
import type { Card } from "./model";

const TITLES = { make: "tourMake", look: "tourLook", edit: "tourEdit", export: "tourExport", share: "tourShare" } as const;
const TEXTS = {
  make: "tourMakeText",
  look: "tourLookText",
  edit: "tourEditText",
  export: "tourExportText",
  share: "tourShareText",
} as const;

/** `cards`: the shown projects; the newest one that is done and has clips is what the steps lead to. */
export function Tour({ cards }: { cards: readonly Card[] }) {
  const done = stepsDone.value;
  if (isTourOver(done)) return null;
  const ready = cards.find((card) => card.state === "completed" && card.clip_count > 0);
  const isDone = (step: Step) => done.has(step) || (step === "make" && ready !== undefined);
  const next = STEPS.find((step) => !isDone(step));
  const address = next === "make" || !ready ? to("new") : `${to("projects", ready.project_id)}${next === "look" ? "" : "?tab=clips"}`;
  return (
    <section class="card tour" aria-labelledby="tour-title">
      <header class="card-head">
        <h2 id="tour-title">{t("tourTitle")}</h2>
        <Button small kind="quiet" onClick={endTour}>{t("tourEnd")}</Button>
      </header>
      <ol class="plain">
        {STEPS.map((step) => (
          <li key={step} class={isDone(step) ? "done" : step === next ? "next" : ""} aria-current={step === next ? "step" : undefined}>
            <span class="tour-mark">{isDone(step) ? <Icon name="check" size={16} /> : STEPS.indexOf(step) + 1}</span>
            <div>
              <strong>{t(TITLES[step])}</strong>
              {step === next && (
                <>
                  <p>{t(TEXTS[step])}</p>
                  <LinkButton small kind="primary" href={address}>{step === "make" || !ready ? t("tourBegin") : t("tourOpen", { title: ready.title || common("untitled") })}</LinkButton>
                </>
              )}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}
