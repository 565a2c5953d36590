// SPDX-License-Identifier: Apache-2.0
/*
 * One session as plantard tells it: its trials with their verdicts, and analyses, asked for once until
 * something is changed.
 */
export class SessionData {
	#link;
	#analyses = new Map();

	constructor(link, uuid) {
		this.#link = link;
		this.uuid = uuid;
	}

	/* [{trial, condition, state, recording, annotations, amendments, verdict, reason}], by number */
	async trials() {
		const { session } = await this.#link.request("session", { session: this.uuid });

		return session.recordings.map(trialOf).sort((a, b) => a.trial - b.trial);
	}

	analysis(trial) {
		if (!this.#analyses.has(trial)) {
			const asked = this.#link.request("analysis", { session: this.uuid, trial, pictures: true }).then((r) => r.analysis);

			this.#analyses.set(trial, asked);
			asked.catch(() => this.#analyses.delete(trial));
		}
		return this.#analyses.get(trial);
	}

	forget() {
		this.#analyses.clear();
	}
}

/* Several words are a list in plantard's documents, and one text in its requests and here. */
function flat(annotations) {
	return Object.fromEntries(Object.entries(annotations).map(([k, v]) => [k, Array.isArray(v) ? v.join(",") : v]));
}

/* verdict: accepted, rejected, undecided, or unsaid (nobody was asked: it counts). */
export function trialOf(r) {
	const file = r.path.split("/").at(-1);
	const m = r.recording ?? {};
	const s = r.session ?? {};

	return {
		file, state: r.state, trial: m.trial ?? s.trial ?? Number(/trial-(\d+)/.exec(file)?.[1] ?? 0), condition: m.condition ?? s.condition ?? "",
		recording: m, session: s, annotations: flat(m.annotations ?? s.annotations ?? {}), amendments: r.amendments ?? [],
		verdict: r.verdict ?? "unsaid", reason: r.reason ?? null,
	};
}
