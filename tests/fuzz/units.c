/* SPDX-License-Identifier: MIT
 *
 * Times, durations, sizes and near names: a line each.
 */
#include "fuzz.h"

#include "base/text.h"

#include <errno.h>

static void check_time(const char *s)
{
        int64_t usec = -1, again;
        int r = text_parse_time(s, &usec);
        _cleanup_free_ char *text = NULL;

        MUST(r == 0 || (r == -EINVAL && usec == -1));
        if (r < 0)
                return;
        text = text_format_time(usec);
        MUST(fuzz_is_utf8(text));
        /* Years from 0 to 9999, less or more by a zone. */
        if (usec < INT64_C(-62167219200) * USEC_PER_SEC || usec >= INT64_C(253402300800) * USEC_PER_SEC)
                return;
        if (text_parse_time(text, &again) == 0)
                MUST(again == usec - ((usec % USEC_PER_SEC) + USEC_PER_SEC) % USEC_PER_SEC);
        else
                MUST(usec < INT64_C(-30610224000) * USEC_PER_SEC);     /* strftime() writes years under 1000 shorter */
}

static void check_duration(const char *s)
{
        int64_t usec = -1, again;
        int r = text_parse_duration(s, &usec);
        _cleanup_free_ char *text = NULL;

        MUST(r == 0 ? usec >= 0 : (r == -EINVAL || r == -ERANGE) && usec == -1);
        if (r < 0)
                return;
        text = text_format_duration(usec);
        MUST(text_parse_duration(text, &again) == 0 && again == usec);
}

static void check_size(const char *s)
{
        int64_t bytes = -1;
        int r = text_parse_size(s, &bytes);

        MUST(r == 0 ? bytes >= 0 : (r == -EINVAL || r == -ERANGE) && bytes == -1);
}

static void check_nearest(const char *s)
{
        static const char *const names[] = { "server", "token", "poll_every", "a", "plugin_directory", NULL };
        const char *near = text_nearest(s, names);
        bool found = !near;

        for (size_t i = 0; names[i]; i++) {
                found |= near == names[i];
                MUST(!streq(s, names[i]) || near == names[i]);
        }
        MUST(found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct input in = { (const char *) data, size };

        while (in.size > 0) {
                _cleanup_free_ char *line = input_line(&in);

                check_time(line);
                check_duration(line);
                check_size(line);
                check_nearest(line);
        }
        return 0;
}
