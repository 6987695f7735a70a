/** Webhooks. */
import { Page } from "~/components/page";

export default function Screen() {
  return <Page title="Webhooks">{null}</Page>;
}
