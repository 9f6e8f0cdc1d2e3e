// A scenario as a link: deflated into the fragment, which no browser sends to a server.

const MARK = "#play=";
const LINK_MAX = 12_000; // characters of a link: chats and mail cut longer ones
export const STORY_MAX = 100_000; // characters of a file, as the server takes them
export const NAME = "shared.pos";

const stream = (bytes, through) => new Blob([bytes]).stream().pipeThrough(through);

export class BadLink extends Error {} // its message is a key of the page's words

// Raises BadLink where the scenario is too long for a link.
export async function linkOf(text) {
  const packed = new Uint8Array(
    await new Response(stream(text, new CompressionStream("deflate-raw"))).arrayBuffer());
  const coded = btoa(packed.reduce((all, byte) => all + String.fromCharCode(byte), ""))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const link = `${location.origin}/${MARK}${coded}`;
  if (link.length > LINK_MAX) throw new BadLink("linkTooLong");
  return link;
}

export const isLink = (text) => text.includes(MARK);

// The scenario in a link. Raises BadLink; unpacks no more than a scenario may be long.
export async function textOf(link) {
  const coded = link.slice(link.indexOf(MARK) + MARK.length).trim();
  if (coded.length > LINK_MAX || !/^[\w-]+$/.test(coded)) throw new BadLink("badLink");
  const reader = stream(Uint8Array.from(atob(coded.replaceAll("-", "+").replaceAll("_", "/")),
    (character) => character.charCodeAt(0)), new DecompressionStream("deflate-raw")).getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text + decoder.decode();
      text += decoder.decode(value, { stream: true });
      if (text.length > STORY_MAX) break;
    }
  } catch {
    throw new BadLink("badLink");
  }
  await reader.cancel();
  throw new BadLink("hugeStory");
}
