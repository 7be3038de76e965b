using Rlhf.Kernels.Memory;
using Rlhf.Training.Control;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// Memory of one minibatch of B pairs of k steps for M members. Rows of input stand pair by pair, the first clip before the second, so that
/// what the network gives is, without a copy of its own, a matrix [M·B, 2k]: left half σ¹, right half σ².
/// </summary>
internal sealed class FitBuffers : IDisposable
{
    private readonly HostBuffer<float> _rows, _rewards, _gradients, _labels, _probabilities;
    private readonly int _members, _width;

    public FitBuffers(int members, int pairs, int length, int width)
    {
        (_members, Pairs, Length, _width) = (members, pairs, length, width);
        _rows = new HostBuffer<float>(2L * pairs * length * width);
        _rewards = new HostBuffer<float>(2L * members * pairs * length);
        _gradients = new HostBuffer<float>(2L * members * pairs * length);
        _labels = new HostBuffer<float>(members * pairs);
        _probabilities = new HostBuffer<float>(members * pairs);
    }

    public int Pairs { get; }

    public int Length { get; }

    /// <summary>[B·2·k, I].</summary>
    public View<float> Rows => _rows.View(2 * Pairs * Length, _width);

    /// <summary>[M·B, 2k].</summary>
    public View<float> Rewards => _rewards.View(_members * Pairs, 2 * Length);

    /// <summary>[M·B, 2k].</summary>
    public View<float> Gradients => _gradients.View(_members * Pairs, 2 * Length);

    /// <summary>The same as the network wants it: [M·B·2·k, 1].</summary>
    public View<float> GradientColumn => _gradients.View(_members * Pairs * 2 * Length);

    /// <summary>[M·B].</summary>
    public View<float> Labels => _labels.View(_members * Pairs);

    /// <summary>[M·B] P(first better).</summary>
    public View<float> Probabilities => _probabilities.View(_members * Pairs);

    /// <summary>Σ of one clip's predicted rewards.</summary>
    public double Return(int row, int side)
    {
        double sum = 0;
        foreach (float reward in Vectors.Span(Rewards).Slice((row * 2 * Length) + (side * Length), Length))
            sum += reward;
        return sum;
    }

    public void WeighGradient(int row, int count)
    {
        Span<float> gradient = Vectors.Span(Gradients).Slice(row * 2 * Length, 2 * Length);
        if (count == 0)
        {
            gradient.Clear();
            return;
        }

        foreach (ref float value in gradient)
            value *= count;
    }

    public void SetGradient(int row, float first, float second)
    {
        Span<float> gradient = Vectors.Span(Gradients).Slice(row * 2 * Length, 2 * Length);
        gradient[..Length].Fill(first);
        gradient[Length..].Fill(second);
    }

    public void Dispose()
    {
        _rows.Dispose();
        _rewards.Dispose();
        _gradients.Dispose();
        _labels.Dispose();
        _probabilities.Dispose();
    }
}
