/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is this test built with a sanitizer? It is several times slower there and no place for
 * statistics: such a build looks for undefined behaviour, so a part of the cases is enough.
 */
#ifndef TESTS_UNIT_SANITIZED_H
#define TESTS_UNIT_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
