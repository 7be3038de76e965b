using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Rlhf.Kernels.Memory;

/// <summary>The checks at the public border: each failure is one line that names the argument and both shapes.</summary>
public static class Require
{
    /// <summary>A view that must be given, with this shape.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Shape<T>(ReadOnlyView<T> view, int rows, int cols, [CallerArgumentExpression(nameof(view))] string name = "")
        where T : unmanaged
    {
        // A matrix without elements may come without memory.
        if (view.IsEmpty && (long)rows * cols != 0)
        {
            ThrowMissing(name, rows, cols);
        }

        if (!view.IsEmpty && (view.Rows != rows || view.Cols != cols))
        {
            ThrowShape(name, view.ToString(), rows, cols);
        }
    }

    /// <summary>A view that may be left out; when given it has this shape.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OptionalShape<T>(
        ReadOnlyView<T> view, int rows, int cols, [CallerArgumentExpression(nameof(view))] string name = "")
        where T : unmanaged
    {
        if (!view.IsEmpty && (view.Rows != rows || view.Cols != cols))
        {
            ThrowShape(name, view.ToString(), rows, cols);
        }
    }

    /// <summary>A view that must be given, with a row for each of <paramref name="rows"/>, or one row that stands for all of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void RowOrRows<T>(ReadOnlyView<T> view, int rows, int cols, [CallerArgumentExpression(nameof(view))] string name = "")
        where T : unmanaged
    {
        bool fits = view.IsEmpty ? (long)rows * cols == 0 : view.Cols == cols && (view.Rows == rows || view.Rows == 1);
        if (!fits)
        {
            ThrowRows(name, view.IsEmpty ? "missing" : view.ToString(), rows, cols);
        }
    }

    /// <summary>A finite number greater than zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Positive(float value, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (!(value > 0f && float.IsFinite(value)))
        {
            ThrowValue(name, value, "a finite number greater than 0");
        }
    }

    /// <summary>A finite number, zero or greater.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void NonNegative(float value, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (!(value >= 0f && float.IsFinite(value)))
        {
            ThrowValue(name, value, "a finite number of at least 0");
        }
    }

    /// <summary>A number between two bounds, both allowed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Within(float value, float low, float high, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (!(value >= low && value <= high))
        {
            ThrowValue(name, value, $"a number from {low} to {high}");
        }
    }

    /// <summary>
    /// Token ids within <c>[0, vocab)</c> wherever the mask (if any) counts the position. Ids on a device are not read here: its
    /// kernels poison the row and report it.
    /// </summary>
    public static void Targets(
        ReadOnlyView<int> targets, ReadOnlyView<byte> mask, int vocab, [CallerArgumentExpression(nameof(targets))] string name = "")
    {
        for (int i = 0; targets.Device == DeviceKind.Cpu && i < targets.Rows; i++)
        {
            int target = targets[i];
            if ((uint)target >= (uint)vocab && (mask.IsEmpty || mask[i] != 0))
            {
                ThrowTarget(name, i, target, vocab);
            }
        }
    }

    [DoesNotReturn]
    private static void ThrowMissing(string name, int rows, int cols) =>
        throw new ArgumentException($"{name} is missing, expected {Text(rows, cols)}");

    [DoesNotReturn]
    private static void ThrowShape(string name, string got, int rows, int cols) =>
        throw new ArgumentException($"{name} is {got}, expected {Text(rows, cols)}");

    [DoesNotReturn]
    private static void ThrowRows(string name, string got, int rows, int cols) =>
        throw new ArgumentException($"{name} is {got}, expected {Text(1, cols)} or {Text(rows, cols)}");

    [DoesNotReturn]
    private static void ThrowValue(string name, float value, string expected) =>
        throw new ArgumentException($"{name} is {value}, expected {expected}");

    [DoesNotReturn]
    private static void ThrowTarget(string name, int row, int target, int vocab) =>
        throw new ArgumentException($"{name}[{row}] is {target}, expected a token id from 0 to {vocab - 1}");

    private static string Text(int rows, int cols) => cols == 1 ? $"[{rows}]" : $"[{rows}, {cols}]";
}
