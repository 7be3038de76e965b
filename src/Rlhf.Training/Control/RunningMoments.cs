using System.Text.Json.Serialization;
using Rlhf.Kernels.Memory;

namespace Rlhf.Training.Control;

/// <summary>
/// Mean and variance of each column over everything seen so far, in double: batches are merged by the pairwise rule of Chan, Golub and
/// LeVeque (1983), so a batch counts by its size and the result does not drift.
/// </summary>
public sealed class RunningMoments
{
    private readonly double[] _mean, _squares;

    /// <summary>Nothing seen.</summary>
    /// <param name="length">Columns.</param>
    public RunningMoments(int length)
    {
        _mean = new double[length];
        _squares = new double[length];
    }

    /// <summary>Rows seen.</summary>
    public long Count { get; private set; }

    /// <summary>Columns.</summary>
    public int Length => _mean.Length;

    /// <summary>Mean of a column; 0 before the first row.</summary>
    public double Mean(int column) => _mean[column];

    /// <summary>Population variance of a column; 1 before the first row, so that dividing by its root does nothing.</summary>
    public double Variance(int column) => Count > 0 ? _squares[column] / Count : 1;

    /// <summary>Adds rows [N, <see cref="Length"/>].</summary>
    public void Update(ReadOnlyView<float> rows)
    {
        if (rows.Rows == 0)
            return;
        if (rows.Cols != Length)
            throw new ArgumentException($"rows is {rows}, expected [{rows.Rows}, {Length}]", nameof(rows));
        for (int column = 0; column < Length; column++)
        {
            double mean = 0;
            for (int row = 0; row < rows.Rows; row++)
                mean += rows[row, column];
            mean /= rows.Rows;
            double squares = 0;
            for (int row = 0; row < rows.Rows; row++)
                squares += (rows[row, column] - mean) * (rows[row, column] - mean);
            double delta = mean - _mean[column], total = Count + rows.Rows;
            _mean[column] += delta * rows.Rows / total;
            _squares[column] += squares + (delta * delta * Count * rows.Rows / total);
        }

        Count += rows.Rows;
    }

    /// <summary>All of it, exactly.</summary>
    internal State Capture() => new(Count, [.. _mean], [.. _squares]);

    /// <summary>What <see cref="Capture"/> gave, exactly.</summary>
    internal void Restore(State state, string source)
    {
        if (state.Mean.Length != Length || state.Squares.Length != Length)
            throw new Models.DataFormatException($"{source}: moments of {state.Mean.Length} columns, expected {Length}");
        Count = state.Count;
        state.Mean.CopyTo(_mean, 0);
        state.Squares.CopyTo(_squares, 0);
    }

    internal sealed record State(
        [property: JsonRequired] long Count, [property: JsonRequired] double[] Mean, [property: JsonRequired] double[] Squares);
}
