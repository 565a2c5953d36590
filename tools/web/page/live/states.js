// SPDX-License-Identifier: Apache-2.0
/* The state strip. */
export function states() {}
