/**
 * What the page knows about one interview, and how far it knows it without a hole.
 *
 * Snapshot and live events carry the same objects. Every stored object has a revision of the
 * session's counter: older ones are ignored, and a hole in the counter asks for a snapshot.
 */

export class Store extends EventTarget {
  constructor(snapshot) {
    super();
    this.session = snapshot.session;
    this.guide = snapshot.guide;
    this.segments = new Map();
    this.insights = new Map();
    this.claims = new Map();
    this.tones = new Map();
    this.gaps = new Map();
    this.notes = new Map();
    this.about = new Map((snapshot.about ?? []).map((line) => [line.id, line]));
    this.upload = null;
    this.covered = new Map(); // planned question -> revision that told how far it is covered
    this.cursor = 0;
    this.ahead = new Set();
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** Take a snapshot: everything after the cursor it was asked for. */
  applySnapshot(snapshot) {
    this.#patchSession(snapshot.session, true);
    if (snapshot.guide) this.#takeGuide(snapshot.guide, snapshot.cursor);
    const segments = [...snapshot.segments].sort((a, b) => a.start_ms - b.start_ms);
    for (const segment of segments) this.#take("segment", this.segments, segment);
    for (const gap of snapshot.gaps ?? []) this.#take("gap", this.gaps, gap);
    // The newest first: cards too old to be kept are then never built.
    const insights = [...snapshot.insights].sort((a, b) => (a.at > b.at ? -1 : 1));
    for (const insight of insights) this.#take("insight", this.insights, insight);
    for (const claim of snapshot.claims) this.#take("claim", this.claims, claim);
    for (const tone of snapshot.tones) this.#take("tone", this.tones, tone);
    for (const note of snapshot.notes) this.addNote(note);
    if (snapshot.watching) this.#emit("presence", { people: snapshot.watching });
    if (snapshot.upload) this.#takeUpload(snapshot.upload);
    this.#emit("summary", snapshot.summary);
    this.cursor = Math.max(this.cursor, snapshot.cursor);
    for (const revision of this.ahead) if (revision <= this.cursor) this.ahead.delete(revision);
    this.#advance();
    this.#emit("caught-up");
  }

  /** Take one live event. */
  apply(event) {
    switch (event.type) {
      case "segment":
      case "segment_changed":
        this.#take("segment", this.segments, event.segment);
        this.#saw(event.segment.revision);
        break;
      case "insight":
      case "insight_changed":
        this.#take("insight", this.insights, event.insight);
        this.#saw(event.insight.revision);
        break;
      case "claim":
        this.#take("claim", this.claims, event.claim);
        this.#saw(event.claim.revision);
        break;
      case "tone":
        this.#take("tone", this.tones, event.tone);
        this.#saw(event.tone.revision);
        break;
      case "gap":
        this.#take("gap", this.gaps, event.gap);
        this.#saw(event.gap.revision);
        break;
      case "upload":
        this.#takeUpload(event.upload);
        this.#saw(event.revision);
        break;
      case "note":
        this.addNote(event.note);
        this.#saw(event.revision);
        break;
      case "summary":
        this.#emit("summary", event);
        this.#saw(event.revision);
        break;
      case "guide":
        this.takeQuestion(event.question, event.revision);
        this.#saw(event.revision);
        break;
      case "session":
        this.#patchSession(event.state);
        this.#saw(event.state.revision);
        break;
      case "access":
        this.setSession({ may: event.may });
        break;
      case "presence":
      case "scorecard":
      case "partial":
      case "level":
      case "latency":
      case "notice":
        this.#emit(event.type, event);
        break;
      default: // an event of a newer server: nothing this page shows
    }
  }

  /** Return a line, or at least its place where the line itself is still to be fetched. */
  line(id) {
    return this.segments.get(id) ?? this.about.get(id);
  }

  /** Take what was fetched by itself; what is known in a newer version stays. */
  take(type, object) {
    this.#take(type, this[`${type}s`], object);
  }

  #take(type, map, object) {
    const known = map.get(object.id);
    if (known && known.revision >= object.revision) return;
    map.set(object.id, object);
    this.#emit(type, object);
  }

  /** Take the whole guide; what an event told of a question after it stays. */
  #takeGuide(guide, cursor) {
    const newer = (id) => (this.covered.get(id) ?? 0) > cursor && this.question(id);
    const competencies = guide.competencies.map((competency) => ({
      ...competency,
      questions: competency.questions.map((question) => newer(question.id) || question),
    }));
    this.guide = { ...guide, competencies };
    this.#emit("guide", this.guide);
  }

  question(id) {
    return this.guide?.competencies.flatMap(({ questions }) => questions).find((known) => known.id === id);
  }

  /** Take how far a planned question is covered. */
  takeQuestion(question, revision) {
    if ((this.covered.get(question.id) ?? 0) >= revision) return;
    this.covered.set(question.id, revision);
    this.patchQuestion(question);
  }

  /** Show a planned question otherwise: as told, or as this page's own act has it before. */
  patchQuestion(patch) {
    const known = this.question(patch.id);
    if (!known) return;
    const change = (question) => (question === known ? { ...known, ...patch } : question);
    const competencies = this.guide.competencies.map((competency) =>
      competency.questions.includes(known) ? { ...competency, questions: competency.questions.map(change) } : competency,
    );
    this.guide = { ...this.guide, competencies };
    this.#emit("guide", this.guide);
  }

  #takeUpload(upload) {
    if (this.upload && this.upload.revision > upload.revision) return;
    this.upload = upload;
    this.#emit("upload", upload);
  }

  #patchSession(patch, personal = false) {
    const before = this.session.status;
    if (patch.revision !== undefined && patch.revision < this.session.revision) return;
    // What a person may do is theirs alone: a broadcast cannot know it.
    const may = personal ? patch.may : this.session.may;
    this.session = { ...this.session, ...patch, may };
    this.#emit("session", { session: this.session, before });
  }

  #saw(revision) {
    if (!Number.isInteger(revision) || revision <= this.cursor) return;
    this.ahead.add(revision);
    this.#advance();
    if (this.ahead.size) this.#emit("hole");
  }

  #advance() {
    while (this.ahead.delete(this.cursor + 1)) this.cursor += 1;
  }

  /** Keep the answer to an act of this page's own before its event comes round. */
  patchInsight(id, patch) {
    const known = this.insights.get(id);
    if (!known) return;
    const changed = { ...known, ...patch };
    this.insights.set(id, changed);
    this.#emit("insight", changed);
  }

  /** Take a note: from the server's events, or from its answer before its event. */
  addNote(note) {
    this.#take("note", this.notes, note);
  }

  setSession(session) {
    this.#patchSession(session, Boolean(session.may));
  }
}
