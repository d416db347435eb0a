/* SPDX-License-Identifier: MIT
 * Forms with files, as HTTP carries them. */
#include "fakes.h"

#include "base/form.h"

#include <errno.h>

static void form_has_its_fields_in_order_and_files_with_name_and_type(void)
{
        struct buffer b = BUFFER_INIT(SIZE_MAX);

        assert_int_equal(form_add(&b, "EDGE", "description", "", "", "a screen", 8), 0);
        assert_int_equal(form_add(&b, "EDGE", "file", "1.png", "image/png", "\0\r\n", 3), 0);
        assert_int_equal(form_end(&b, "EDGE"), 0);
        static const char wanted[] =
                "--EDGE\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\na screen\r\n"
                "--EDGE\r\nContent-Disposition: form-data; name=\"file\"; filename=\"1.png\"\r\nContent-Type:"
                " image/png\r\n\r\n\0\r\n\r\n"
                "--EDGE--\r\n";
        assert_int_equal(b.size, sizeof wanted - 1);
        assert_memory_equal(b.data, wanted, b.size);
        buffer_done(&b);
}

static void names_and_types_cannot_end_their_line(void)
{
        struct buffer b = BUFFER_INIT(SIZE_MAX);

        assert_int_equal(form_add(&b, "EDGE", "a\"\r\nX: y", "b\"c\n\xc3\xbc", "image/png\r\nX: y", "", 0), 0);
        assert_string_equal(b.data,
                            "--EDGE\r\nContent-Disposition: form-data; name=\"a%22%0D%0AX: y\"; filename=\"b%22c%0A\xc3\xbc\"\r\n"
                            "Content-Type: image/png\r\n\r\n\r\n");
        buffer_done(&b);
}

static void form_that_does_not_fit_says_so(void)
{
        struct buffer b = BUFFER_INIT(20);

        assert_int_equal(form_add(&b, "EDGE", "name", "", "", "value", 5), -EFBIG);
        buffer_done(&b);
}

/* As a plugin makes one. */
static void request_gets_its_body_and_a_boundary_of_its_own(void)
{
        struct mentiond_request one = { .struct_size = sizeof one }, other = one;
        struct { struct mentiond_field f; int more; } fields[] = {       /* of a newer plugin */
                { { .struct_size = sizeof fields[0], .name = "a", .data = "1", .size = 1 }, 7 },
                { { .struct_size = sizeof fields[0], .name = "file", .data = "\0x", .size = 2, .type = "image/png",
                    .file = "n.png" }, 7 },
        };
        struct mentiond_op op;
        char data[] = "1";

        fake_open(0);
        op_begin(&op, brand, "post", USEC_PER_MINUTE);
        fields[0].f.data = data;
        one.json = mentiond_json(&op, "{'to': {'n': %d}}", 5);
        mentiond_set_form(&op, &one, &fields[0].f, 2);
        mentiond_set_form(&op, &other, &fields[0].f, 2);
        *data = '2';                     /* it has a copy */
        assert_null(one.json);
        assert_true(startswith(one.content_type, "multipart/form-data; boundary=mentiond-"));
        assert_string_not_equal(one.content_type, other.content_type);
        const char *edge = one.content_type + strlen("multipart/form-data; boundary=");
        char *wanted = arena_printf(op.arena,
                                    "--%s\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\n{ \"n\": 5 }\r\n"
                                    "--%s\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--%s\r\nContent-Disposition: "
                                    "form-data; name=\"file\"; filename=\"n.png\"\r\nContent-Type:"
                                    " image/png\r\n\r\n#x\r\n--%s--\r\n",
                                    edge, edge, edge, edge);
        *strchr(wanted, '#') = '\0';
        assert_int_equal(one.body_size, strlen(wanted) + 1 + strlen(wanted + strlen(wanted) + 1));
        assert_memory_equal(one.body, wanted, one.body_size);
        op_end(&op);
        fake_close();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(form_has_its_fields_in_order_and_files_with_name_and_type),
                world_test(names_and_types_cannot_end_their_line),
                world_test(form_that_does_not_fit_says_so),
                world_test(request_gets_its_body_and_a_boundary_of_its_own),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
