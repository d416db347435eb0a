/* SPDX-License-Identifier: MIT
 *
 * The guard: a reply, and what it is held against.  The lines of the input are the reply (an escaped "\n" ends its lines), a text
 * that the customer wrote, a string of his record, an internal note, a pattern, and what is allowed.
 */
#include "fuzz.h"

#include "base/text.h"
#include "flow/guard.h"

static char *clean_line(struct input *in)
{
        _cleanup_free_ char *line = input_line(in);

        return text_clean(line, strlen(line));
}

static struct guard_patterns *patterns_of(const char *pattern, const char *allow)
{
        struct section s = { .name = xstrdup("fuzz"), .file = "fuzz.conf" };
        struct problems p = PROBLEMS_INIT;
        struct guard_patterns *g;

        if (*pattern)
                section_add(&s, "guard_patterns.one", pattern, 1);
        if (*allow)
                section_add(&s, "guard_allow.1", allow, 2);
        g = guard_patterns_new(&s, "true", &p);
        MUST(!g == (p.n > 0));
        section_done(&s);
        buffer_done(&p.text);
        return g;
}

static void check_findings(const struct guard_finding *found, size_t n, bool utf8)
{
        MUST(n <= 30);
        for (size_t i = 0; i < n; i++) {
                MUST(found[i].what && *found[i].what && found[i].words);
                MUST(!fuzz_has(found[i].words, "\n\t"));
                MUST(!utf8 || fuzz_is_utf8(found[i].words));
                MUST(text_length(found[i].words, TEXT_GRAPHEMES) <= 60);
        }
}

/* What the customer wrote himself is not held, whatever it is. */
static void check_said(struct arena *a, const char *text)
{
        struct guard_context c = { .said = &text, .n_said = 1, .customer = &text, .n_customer = 1 };
        struct guard_finding *found;
        size_t n = guard_check(a, text, &c, &found);

        MUST(n == 0 || strstr(found[0].what, "more "));
}

static void check_print(const char *text, const char *other)
{
        struct guard_print x, y;
        double s;

        guard_print_of(text, &x);
        guard_print_of(other, &y);
        s = guard_similarity(&x, &y);
        MUST(s >= 0 && s <= 1 && guard_similarity(&y, &x) == s);
        MUST(guard_similarity(&x, &x) == 1 || guard_similarity(&x, &x) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct input in = { (const char *) data, size };
        _cleanup_(arena_freep) struct arena *a = arena_new();
        _cleanup_free_ char *raw = input_line(&in), *text = text_clean(raw, strlen(raw)), *said = clean_line(&in),
                            *record = clean_line(&in);
        _cleanup_free_ char *note = clean_line(&in), *pattern = input_line(&in), *allow = input_line(&in);
        _cleanup_(guard_patterns_freep) struct guard_patterns *patterns = patterns_of(pattern, allow);
        struct guard_context c = {
                .said = (const char *const[]) { said }, .n_said = 1,
                .customer = (const char *const[]) { record }, .n_customer = 1,
                .internal = (const char *const[]) { note }, .n_internal = 1,
                .files = &(struct guard_file) { record, 1 }, .n_files = 1,
                .internal_files = &(struct guard_file) { note, 1 }, .n_internal_files = 1,
                .patterns = patterns,
        };
        struct guard_finding *found;
        size_t n;

        for (char *end; (end = strstr(text, "\\n")); )
                memcpy(end, " \n", 2);
        n = guard_check(a, text, &c, &found);
        check_findings(found, n, true);
        c.patterns = NULL;
        n = guard_check(a, text, &c, &found);
        check_findings(found, n, true);
        check_said(a, text);
        check_print(text, note);
        /* What is not clean must do no harm. */
        n = guard_check(a, raw, &c, &found);
        check_findings(found, n, false);
        return 0;
}
