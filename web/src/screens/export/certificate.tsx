/** The certificate as a page: what was measured, the limit, and where to look. */
import type { Schemas } from "~/api/client";
import { Button } from "~/components/button";
import { Card } from "~/components/page";
import { Icon, type IconName } from "~/components/icon";
import { Badge, Notice, type Tone } from "~/components/states";
import { clock } from "~/i18n";
import { tq } from "./certificate-messages";
import { grouped, toldLimit, toldValue, worstOf, type Check } from "./checks";
import { t } from "./messages";

const TONE: Record<Check["verdict"], Tone> = { pass: "good", warn: "warn", fail: "bad", not_measured: "neutral" };
const WORD: Record<Check["verdict"], "passed" | "warned" | "failed" | "not_measured"> = { pass: "passed", warn: "warned", fail: "failed", not_measured: "not_measured" };
const ICON: Record<"pass" | "warn" | "fail", IconName> = { pass: "check", warn: "warning", fail: "warning" };

export function CertificateCard({ certificate, onJump }: { certificate: Schemas["Certificate"]; onJump: (ms: number) => void }) {
  const checks = certificate.checks ?? [];
  if (checks.length === 0) return <Card title={tq("title")}><p>{tq("none")}</p></Card>;
  const { verdict, count } = worstOf(checks);
  const warnings = certificate.warnings ?? [];
  return (
    <Card title={tq("title")}>
      <p class={`certificate-verdict ${verdict}`}><Icon name={ICON[verdict]} size={28} /><strong>{verdict === "pass" ? tq("pass") : tq(verdict, { count })}</strong></p>
      <p class="hint">{tq("lead")}</p>
      {(certificate.tries ?? 1) > 1 && <Notice><p>{tq("secondTry")}</p>{(certificate.safer ?? []).length > 0 && <p>{tq("safer", { what: certificate.safer!.join(", ") })}</p>}</Notice>}
      {warnings.length > 0 && <Notice kind="warn"><p><strong>{tq("warnings")}</strong></p><ul>{warnings.map((one) => <li key={one} lang="en">{one}</li>)}</ul></Notice>}
      {grouped(checks).map(({ group, checks: ofGroup }) => (
        <section key={group} class="check-group">
          <h3>{tq(group)}</h3>
          <ul class="plain">
            {ofGroup.map((check) => <CheckRow key={check.name} check={check} onJump={onJump} />)}
          </ul>
        </section>
      ))}
    </Card>
  );
}

function CheckRow({ check, onJump }: { check: Check; onJump: (ms: number) => void }) {
  const value = toldValue(check);
  return (
    <li class={`check ${check.verdict}`}>
      <div class="check-head">
        <span>{tq(check.name)}</span>
        <Badge tone={TONE[check.verdict]}>{tq(WORD[check.verdict])}</Badge>
      </div>
      <small>
        {value !== null && <>{tq("measured", { value })} · </>}{toldLimit(check)}{check.detail && <> · <span lang="en">{check.detail}</span></>}
      </small>
      {(check.at_ms ?? []).length > 0 && (
        <p class="check-places">
          <small>{tq("at")}</small>
          {check.at_ms!.map((ms) => <Button key={ms} small kind="quiet" icon="play" aria-label={t("jump", { at: clock(ms, true) })} onClick={() => onJump(ms)}>{clock(ms, true)}</Button>)}
        </p>
      )}
    </li>
  );
}
