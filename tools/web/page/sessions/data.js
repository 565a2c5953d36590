// SPDX-License-Identifier: Apache-2.0
/*
 * One session as plantard tells it: its trials with their verdicts, and analyses, asked for once until
 * something is changed. `session` says what each recording is, `compare` which of them do not count.
 */
export class SessionData {
	#link;
	#analyses = new Map();

	constructor(link, uuid) {
		this.#link = link;
		this.uuid = uuid;
	}

	/* [{trial, condition, state, recording, annotations, amendments, accepted, reason}], by number */
	async trials() {
		const [{ session }, out] = await Promise.all([this.#link.request("session", { session: this.uuid }), this.#leftOut()]);

		return session.recordings.map((r) => trialOf(r, out)).sort((a, b) => a.trial - b.trial);
	}

	/* What a comparison leaves out, by file name; null when it cannot say. */
	async #leftOut() {
		try {
			const { comparison } = await this.#link.request("compare", { sessions: [this.uuid], by: "condition" });

			return new Map(comparison.groups.flatMap((g) => g.trials_left_out).map((t) => [t.path.split("/").at(-1), t]));
		} catch {
			return null;
		}
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

/* accepted: true, false, null (undecided), undefined (not known). */
export function trialOf(r, out) {
	const file = r.path.split("/").at(-1);
	const left = out?.get(file);
	const m = r.recording ?? {};
	let accepted = r.accepted;

	if (accepted === undefined && out) accepted = left ? (left.verdict === "rejected" ? false : null) : true;
	return {
		file, state: r.state, trial: m.trial ?? r.session?.trial ?? Number(/trial-(\d+)/.exec(file)?.[1] ?? 0), condition: m.condition ?? r.session?.condition ?? "",
		recording: m, session: r.session ?? {}, calibration: r.calibration ?? null, annotations: m.annotations ?? r.session?.annotations ?? {}, amendments: r.amendments ?? [],
		accepted, reason: r.reason ?? left?.reason ?? null,
	};
}
