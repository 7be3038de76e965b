using Rlhf.Kernels.Memory;

namespace Rlhf.Training.Control;

/// <summary>Plain work on contiguous views.</summary>
internal static class Vectors
{
    /// <summary>The elements of a contiguous view.</summary>
    public static unsafe Span<T> Span<T>(View<T> view)
        where T : unmanaged => new(view.Pointer, checked((int)view.Count));

    /// <summary>The elements of a contiguous view.</summary>
    public static unsafe ReadOnlySpan<T> Span<T>(ReadOnlyView<T> view)
        where T : unmanaged => new(view.Pointer, checked((int)view.Count));

    /// <summary>Copies between contiguous views of one size.</summary>
    public static void Copy<T>(ReadOnlyView<T> from, View<T> to)
        where T : unmanaged => Span(from).CopyTo(Span(to));

    /// <summary>Copies rows of a matrix, in the order given, to the first rows of another.</summary>
    public static unsafe void Gather<T>(ReadOnlyView<T> from, ReadOnlySpan<int> rows, View<T> to)
        where T : unmanaged
    {
        for (int i = 0; i < rows.Length; i++)
            new ReadOnlySpan<T>(from.Row(rows[i]), from.Cols).CopyTo(new Span<T>(to.Row(i), to.Cols));
    }

    /// <summary>The same memory as one column.</summary>
    public static unsafe View<T> Column<T>(View<T> view)
        where T : unmanaged => new(view.Pointer, checked((int)view.Count), 1);

    /// <summary>Columns of a matrix, as rows of the same pitch.</summary>
    public static unsafe ReadOnlyView<float> Columns(ReadOnlyView<float> view, int first, int count) =>
        new(view.Pointer + first, view.Rows, count, view.RowStride);

    /// <summary>Columns of a matrix, as rows of the same pitch.</summary>
    public static unsafe View<float> Columns(View<float> view, int first, int count) =>
        new(view.Pointer + first, view.Rows, count, view.RowStride);

    /// <summary>Σ a·b with a sum in double: one fixed order.</summary>
    public static double Dot(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        double sum = 0;
        for (int i = 0; i < left.Length; i++)
            sum += (double)left[i] * right[i];
        return sum;
    }

    /// <summary>Mean of a contiguous view, summed in double.</summary>
    public static double Mean(ReadOnlyView<float> view)
    {
        double sum = 0;
        foreach (float value in Span(view))
            sum += value;
        return view.Count > 0 ? sum / view.Count : 0;
    }
}
