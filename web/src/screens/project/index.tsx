/** Project. */
import { Page } from "~/components/page";

export default function Screen() {
  return <Page title="Project">{null}</Page>;
}
