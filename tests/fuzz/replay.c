/* SPDX-License-Identifier: GPL-3.0-or-later */
/* replay.c - runs a fuzz target over the files of a corpus folder in every ordinary build
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
main(int argc, char **argv)
{
    struct dirent **names = NULL;
    int count = argc == 2 ? scandir(argv[1], &names, NULL, alphasort) : -1, ran = 0;

    for (int i = 0; i < count; i++) {
        char path[4096];
        FILE *f;
        uint8_t *data;
        size_t size;

        if (names[i]->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", argv[1], names[i]->d_name);
        f = fopen(path, "rb");
        /* exactly as large as the input, so that a sanitizer sees the first byte read
         * past it */
        if (f == NULL || fseek(f, 0, SEEK_END) != 0)
            return 2;
        size = (size_t)ftell(f);
        rewind(f);
        data = malloc(size > 0 ? size : 1);
        if (data == NULL || fread(data, 1, size, f) != size)
            return 2;
        fclose(f);
        LLVMFuzzerTestOneInput(data, size);
        free(data);
        ran++;
    }
    printf("%d inputs replayed\n", ran);
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return ran > 0 ? 0 : 1; /* an empty corpus is a broken checkout */
}
