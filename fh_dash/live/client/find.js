// Names for elements that hold in the next document: by id, by name within the form, by place.

// A form's properties may be its fields: `form.type` is the field called `type`.
const readTag = Object.getOwnPropertyDescriptor(Element.prototype, "tagName").get;
const tagOf = (element) => readTag.call(element);
const typeOf = (element) => (typeof element.type === "string" ? element.type : "");

function describe(element) {
  const [id, name] = ["id", "name"].map((attribute) => element.getAttribute(attribute) ?? "");
  const found = { tag: tagOf(element), type: typeOf(element), id, name };
  if (found.id && document.querySelectorAll(`#${CSS.escape(found.id)}`).length > 1) found.id = "";
  found.choice = /^(radio|checkbox)$/.test(found.type) ? element.value : null;
  if (found.name) {
    found.form = element.form ? describe(element.form) : null;
    found.nth = namesakes(found, element.form).indexOf(element);
  }
  found.place = place(element);
  return found;
}

// The element of that description, or null. What had an id or a name is not looked for by place.
function find(found) {
  const matches = (element) => element && tagOf(element) === found.tag && typeOf(element) === found.type;
  if (found.id) {
    const element = document.getElementById(found.id);
    if (matches(element)) return element;
  }
  if (found.name) {
    const form = found.form && find(found.form);
    return found.form && !form ? null : (namesakes(found, form)[found.nth] ?? null);
  }
  if (found.id) return null;
  const element = at(found.place);
  return matches(element) && !element.getAttribute("id") && !element.getAttribute("name") ? element : null;
}

function namesakes(found, form) {
  const all = document.querySelectorAll(`${found.tag}[name="${CSS.escape(found.name)}"]`);
  return [...all].filter(
    (element) =>
      typeOf(element) === found.type &&
      (element.form ?? null) === (form ?? null) &&
      (found.choice === null || element.value === found.choice),
  );
}

// The way down from the nearest ancestor with an id, as pairs of tag and number among the siblings of that tag.
function place(element) {
  const steps = [];
  let node = element;
  for (; node && node !== document.documentElement; node = node.parentElement) {
    const id = node.getAttribute("id");
    if (node !== element && id) return { from: id, steps };
    const tag = tagOf(node);
    const siblings = [...(node.parentElement?.children ?? [])].filter((child) => tagOf(child) === tag);
    steps.unshift([tag, siblings.indexOf(node)]);
  }
  return { from: "", steps };
}

function at({ from, steps }) {
  let node = from ? document.getElementById(from) : document.documentElement;
  for (const [tag, number] of steps) {
    node = node && [...node.children].filter((child) => tagOf(child) === tag)[number];
  }
  return node ?? null;
}
