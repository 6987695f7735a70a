// Names and amounts in sentences, by compromise (npm): [[kind, start, length], …] for each. A peer; never in the product.
import { readFileSync } from "node:fs";
import nlp from "compromise";

const KINDS = { people: "person", organizations: "organisation", places: "place", money: "money", percentages: "percent" };

function named(text) {
  const doc = nlp(text);
  return Object.entries(KINDS).flatMap(([method, kind]) =>
    doc[method]()
      .json({ offset: true })
      .map((found) => [kind, found.offset.start, found.offset.length]),
  );
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(named)));
