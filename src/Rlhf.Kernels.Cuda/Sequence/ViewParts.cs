using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>Rows of views that may have been left out.</summary>
internal static class ViewParts
{
    public static ReadOnlyView<T> Part<T>(this ReadOnlyView<T> view, int begin, int count)
        where T : unmanaged => view.IsEmpty ? view : view.SliceRows(begin, count);

    public static View<T> Part<T>(this View<T> view, int begin, int count)
        where T : unmanaged => view.IsEmpty ? view : view.SliceRows(begin, count);
}
