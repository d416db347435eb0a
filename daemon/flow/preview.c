/* SPDX-License-Identifier: MIT
 *
 * The preview.  Owns its wording.  The parts stand in it as they are, so that an agent can read them as the customer will.
 */
#include "flow/preview.h"

#include "base/buffer.h"

static const char *unit_name(enum text_unit unit, bool one)
{
        if (unit == TEXT_BYTES)
                return one ? "byte" : "bytes";
        if (unit == TEXT_X_WEIGHTED)
                return one ? "character as X weighs them" : "characters as X weighs them";
        return one ? "character" : "characters";
}

static void put_part(struct buffer *b, const struct preview *p, size_t i)
{
        unsigned long long length = p->lengths[i], max = p->max;

        (void) buffer_append_str(b, "\n\n");
        if (p->n_parts > 1)
                (void) buffer_printf(b, "Part %zu of %zu, ", i + 1, p->n_parts);
        else
                (void) buffer_append_str(b, "In one post, ");
        if (max > 0)
                (void) buffer_printf(b, "%llu of %llu %s:", length, max, unit_name(p->unit, max == 1));
        else
                (void) buffer_printf(b, "%llu %s:", length, unit_name(p->unit, length == 1));
        (void) buffer_printf(b, "\n\n%s", p->parts[i]);
}

/* Said in full seconds: what is left of one is not worth a promise. */
static const char *say_time(struct arena *a, int64_t usec)
{
        int64_t seconds = usec / USEC_PER_SEC;

        if (seconds >= 120 && seconds % 60 == 0)
                return arena_printf(a, "%lld minutes", (long long) (seconds / 60));
        return arena_printf(a, "%lld second%s", (long long) seconds, seconds == 1 ? "" : "s");
}

const char *preview_text(struct arena *a, const struct preview *p)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT(SIZE_MAX);
        bool held = p->hold_usec >= USEC_PER_SEC;
        const char *time = say_time(a, p->hold_usec);

        if (held)
                (void) buffer_printf(&b, "This will be posted in %s:", time);
        else
                (void) buffer_append_str(&b, "This is posted at once:");
        for (size_t i = 0; i < p->n_parts; i++)
                put_part(&b, p, i);
        if (p->plain->n_changes > 0)
                (void) buffer_append_str(&b, "\n\nWhat was changed:");
        for (size_t i = 0; i < p->plain->n_changes; i++)
                (void) buffer_printf(&b, "%s\n- %s", i ? "" : "\n", p->plain->changes[i]);
        if (held)
                (void) buffer_printf(&b,
                                     "\n\nTo take it back, within %s: write an internal note whose first line is !stop, or make "
                                     "your note internal.",
                                     time);
        else
                (void) buffer_append_str(&b, "\n\nIt cannot be taken back from here, as no time to hold replies is set.");
        return arena_strdup(a, buffer_str(&b));
}
