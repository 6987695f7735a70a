/** Each kind of message with an example and its schema, as the API has them. */
import { Loading, ProblemNotice } from "~/components/states";
import { Code } from "./code";
import { eventText } from "./endpoint";
import { useEventTypes } from "./endpoint-form";
import { t } from "./messages";

export function Catalogue() {
  const types = useEventTypes();
  if (types.problem && !types.data) return <ProblemNotice problem={types.problem} onRetry={types.reload} />;
  if (!types.data) return <Loading />;
  return (
    <>
      <p>{t("catalogueText")}</p>
      <div class="event-types">
        {types.data.items.map((one) => (
          <details key={one.type} class="card">
            <summary>
              <code>{one.type}</code>
              <span>{eventText(one.type, one.description)}</span>
            </summary>
            <h3>{t("example")}</h3>
            <Code label={`${t("example")}: ${one.type}`} text={JSON.stringify(one.example, null, 2)} />
            <details>
              <summary>{t("schema")}</summary>
              <Code label={`${t("schema")}: ${one.type}`} text={JSON.stringify(one.schema, null, 2)} />
            </details>
          </details>
        ))}
      </div>
    </>
  );
}
