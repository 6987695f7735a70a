/** Usage. */
import { Page } from "~/components/page";

export default function Screen() {
  return <Page title="Usage">{null}</Page>;
}
