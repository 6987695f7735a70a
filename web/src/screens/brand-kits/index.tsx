/** Brand kits. */
import { Page } from "~/components/page";

export default function Screen() {
  return <Page title="Brand kits">{null}</Page>;
}
