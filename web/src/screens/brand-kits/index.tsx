/** Brand kits: all of them, or one. */
import { useRoute } from "preact-iso";
import { KitEditor } from "./editor";
import { KitList } from "./list";
import "./brand-kits.css";

export default function BrandKits() {
  const { params } = useRoute();
  return params["id"] ? <KitEditor key={params["id"]} id={params["id"]} /> : <KitList />;
}
