/** New project. */
import { Page } from "~/components/page";

export default function Screen() {
  return <Page title="New project">{null}</Page>;
}
