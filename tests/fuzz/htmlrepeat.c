/* SPDX-License-Identifier: MIT
 *
 * HTML that repeats itself, up to the size at which a post is cut: what makes a parser slow.  The first byte says how
 * large it gets, the first line stands once, the rest again and again.  libFuzzer's -timeout is the judge.
 */
#include "fuzz.h"

#include "base/buffer.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct input in = { (const char *) data, size };
        size_t target = (size_t) 1024 << (input_byte(&in) % 9), once_size;
        _cleanup_buffer_ struct buffer html = BUFFER_INIT(512 * 1024);
        _cleanup_free_ char *once = input_until(&in, "\n", &once_size), *text = NULL;

        (void) buffer_append(&html, once, once_size);
        while (in.size > 0 && html.size < target)
                (void) buffer_append(&html, in.data, in.size);
        text = text_from_html(buffer_str(&html), html.size);
        MUST(fuzz_is_utf8(text));
        return 0;
}
