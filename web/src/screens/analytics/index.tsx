/** Analytics. */
import { Page } from "~/components/page";

export default function Screen() {
  return <Page title="Analytics">{null}</Page>;
}
