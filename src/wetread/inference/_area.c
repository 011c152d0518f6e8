/* Area averaging of display[stored], fused: the film is read once and no full-size copy is made. See resample.py for the contract. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* The input elements first..last that one output element covers; the two ends count by their overlap. */
typedef struct {
    Py_ssize_t first, last;
    double first_weight, last_weight;
} Span;

static void fill_spans(Span *spans, Py_ssize_t length, Py_ssize_t out_length)
{
    for (Py_ssize_t i = 0; i < out_length; i++) {
        double low = (double)i * (double)length / (double)out_length;
        double high = (double)(i + 1) * (double)length / (double)out_length;
        Py_ssize_t first = (Py_ssize_t)low, last = (Py_ssize_t)ceil(high) - 1;
        if (last >= length) last = length - 1;
        if (last < first) last = first;
        spans[i].first = first;
        spans[i].last = last;
        spans[i].first_weight = first == last ? high - low : (double)(first + 1) - low;
        spans[i].last_weight = first == last ? 0.0 : high - (double)last;
    }
}

/* Look rows up and add them to a line of columns: `add` one row by its weight, `add_four` whole rows at once, `inside` checks one row against the table. */
#define DEFINE_ROWS(TYPE, BITS)                                                                                 \
    static int inside_##BITS(const TYPE *row, Py_ssize_t columns, Py_ssize_t entries)                           \
    {                                                                                                           \
        TYPE any = 0, most = 0; /* all bits of all values: below a power of two exactly when they all are */        \
        if (entries >= (Py_ssize_t)1 << BITS) return 1;                                                         \
        for (Py_ssize_t i = 0; i < columns; i++) any |= row[i];                                                 \
        if ((Py_ssize_t)any < entries) return 1;                                                                \
        for (Py_ssize_t i = 0; i < columns; i++) most = row[i] > most ? row[i] : most;                          \
        return (Py_ssize_t)most < entries;                                                                      \
    }                                                                                                           \
    static void add_##BITS(const TYPE *restrict row, Py_ssize_t columns, const float *restrict table,           \
                           float weight, float *restrict line)                                              \
    {                                                                                                           \
        for (Py_ssize_t i = 0; i < columns; i++) line[i] += weight * table[row[i]];                             \
    }                                                                                                           \
    static void add_four_##BITS(const TYPE *restrict row, Py_ssize_t columns, const float *restrict table,      \
                                float *restrict line)                                                       \
    {                                                                                                           \
        const TYPE *restrict b = row + columns, *restrict c = b + columns, *restrict d = c + columns;           \
        for (Py_ssize_t i = 0; i < columns; i++)                                                                \
            line[i] += (table[row[i]] + table[b[i]]) + (table[c[i]] + table[d[i]]);                             \
    }

DEFINE_ROWS(uint8_t, 8)
DEFINE_ROWS(uint16_t, 16)

typedef struct {
    const char *stored;
    Py_ssize_t item_size, rows, columns;
    const float *table;
    Py_ssize_t entries;
    float *out;
    Py_ssize_t out_rows, out_columns;
} Job;

static int inside(const Job *job, Py_ssize_t row)
{
    const char *start = job->stored + row * job->columns * job->item_size;
    if (job->item_size == 1) return inside_8((const uint8_t *)start, job->columns, job->entries);
    return inside_16((const uint16_t *)start, job->columns, job->entries);
}

static void add_row(const Job *job, Py_ssize_t row, double weight, float *line)
{
    const char *start = job->stored + row * job->columns * job->item_size;
    if (job->item_size == 1)
        add_8((const uint8_t *)start, job->columns, job->table, (float)weight, line);
    else
        add_16((const uint16_t *)start, job->columns, job->table, (float)weight, line);
}

static void add_four_rows(const Job *job, Py_ssize_t row, float *line)
{
    const char *start = job->stored + row * job->columns * job->item_size;
    if (job->item_size == 1)
        add_four_8((const uint8_t *)start, job->columns, job->table, line);
    else
        add_four_16((const uint16_t *)start, job->columns, job->table, line);
}

/* The rows of one output row, checked while they come into the cache; -1 when a value lies outside the table. */
static int add_span(const Job *job, const Span *span, float *line)
{
    Py_ssize_t row = span->first + 1;
    for (Py_ssize_t i = span->first; i <= span->last; i++)
        if (!inside(job, i)) return -1;
    for (Py_ssize_t i = 0; i < job->columns; i++) line[i] = 0.0f;
    add_row(job, span->first, span->first_weight, line);
    for (; row + 3 < span->last; row += 4) add_four_rows(job, row, line);
    for (; row < span->last; row++) add_row(job, row, 1.0, line);
    if (span->last > span->first) add_row(job, span->last, span->last_weight, line);
    return 0;
}

static int average(const Job *job, Span *row_spans, Span *column_spans, float *line)
{
    double scale = (double)job->out_rows / (double)job->rows * (double)job->out_columns / (double)job->columns;
    fill_spans(row_spans, job->rows, job->out_rows);
    fill_spans(column_spans, job->columns, job->out_columns);
    for (Py_ssize_t r = 0; r < job->out_rows; r++) {
        if (add_span(job, row_spans + r, line) < 0) return -1;
        for (Py_ssize_t c = 0; c < job->out_columns; c++) {
            const Span *span = column_spans + c;
            double sum = span->first_weight * line[span->first] + span->last_weight * line[span->last];
            for (Py_ssize_t i = span->first + 1; i < span->last; i++) sum += line[i];
            job->out[r * job->out_columns + c] = (float)(sum * scale);
        }
    }
    return 0;
}

/* 0, -1 when a value lies outside the table, -2 without memory. */
static int run(const Job *job)
{
    int result = -2;
    Span *row_spans = calloc((size_t)job->out_rows, sizeof(Span));
    Span *column_spans = calloc((size_t)job->out_columns, sizeof(Span));
    float *line = calloc((size_t)job->columns, sizeof(float));
    if (row_spans && column_spans && line) result = average(job, row_spans, column_spans, line);
    free(row_spans);
    free(column_spans);
    free(line);
    return result;
}

static int sizes_fit(const Job *job, Py_ssize_t stored_bytes, Py_ssize_t table_bytes, Py_ssize_t out_bytes)
{
    const Py_ssize_t most = (Py_ssize_t)1 << 30;
    if (job->item_size != 1 && job->item_size != 2) return 0;
    if (job->rows < 1 || job->columns < 1 || job->out_rows < 1 || job->out_columns < 1) return 0;
    if (job->rows > most || job->columns > most || job->out_rows > most || job->out_columns > most) return 0;
    return stored_bytes / job->item_size / job->columns == job->rows &&
           stored_bytes % (job->item_size * job->columns) == 0 && table_bytes % 4 == 0 &&
           out_bytes / 4 / job->out_columns == job->out_rows && out_bytes % (4 * job->out_columns) == 0;
}

static PyObject *area_average(PyObject *self, PyObject *args)
{
    Py_buffer stored, table, out;
    Job job;
    int result;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*nnny*w*nn", &stored, &job.item_size, &job.rows, &job.columns, &table, &out,
                          &job.out_rows, &job.out_columns))
        return NULL;
    job.stored = stored.buf;
    job.table = table.buf;
    job.entries = table.len / 4;
    job.out = out.buf;
    if (sizes_fit(&job, stored.len, table.len, out.len)) {
        Py_BEGIN_ALLOW_THREADS
        result = run(&job);
        Py_END_ALLOW_THREADS
    } else {
        result = -3;
    }
    PyBuffer_Release(&stored);
    PyBuffer_Release(&table);
    PyBuffer_Release(&out);
    if (result == -1) PyErr_SetString(PyExc_ValueError, "a stored value has no entry in the display table");
    if (result == -2) return PyErr_NoMemory();
    if (result == -3) PyErr_SetString(PyExc_ValueError, "a buffer's length does not fit its shape");
    if (result < 0) return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"area_average", area_average, METH_VARARGS,
     "area_average(stored, item_size, rows, columns, display, out, out_rows, out_columns): C-contiguous buffers."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_area", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__area(void)
{
    return PyModule_Create(&module);
}
