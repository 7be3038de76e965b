using Rlhf.Kernels.Memory;
using Rlhf.Models.Native;

namespace Rlhf.Models;

/// <summary>
/// The layers of a model and all its parameters, the head's included: one flat f32 vector of weights and one of gradients in native memory,
/// which optimizers and kernels read and write in place.
/// </summary>
/// <remarks>One thread at a time; different models may run side by side. Memory is freed by <see cref="Dispose"/> or by the finalizer.</remarks>
public sealed unsafe class Transformer : IDisposable
{
    private readonly ModelHandle _handle;
    private readonly float* _weights;
    private readonly int _elements;
    private readonly Dictionary<string, Parameter> _byName;
    private float* _gradients;
    private (ReadOnlyView<float> Hidden, bool Kept) _last;

    /// <summary>A model of zeros. See <see cref="LanguageModel"/> and <see cref="ScalarModel"/> for loading and initialising.</summary>
    /// <exception cref="TorchException">The native library is missing.</exception>
    public Transformer(ModelConfig config, HeadKind head, bool scalarHeadBias = false)
    {
        Config = config;
        Head = head;
        HasHeadBias = head == HeadKind.Scalar && scalarHeadBias;
        _handle = TorchApi.CreateModel(NativeSpecs.From(config, head, HasHeadBias));
        (int count, long elements) = TorchApi.Size(_handle);
        _elements = elements <= int.MaxValue
            ? (int)elements
            : throw new ArgumentException($"the model has {elements} parameters, more than the {int.MaxValue} that one vector may have");
        _weights = TorchApi.Weights(_handle);
        List<Parameter> parameters = [];
        for (int i = 0; i < count; i++)
        {
            (string name, long offset, long rows, long cols) = TorchApi.Parameter(_handle, i);
            parameters.AddRange(ParameterNames.Split(config, head, name, (int)offset, (int)rows, (int)cols));
        }

        Parameters = parameters;
        _byName = parameters.ToDictionary(parameter => parameter.Name);
    }

    /// <summary>The model as data.</summary>
    public ModelConfig Config { get; }

    /// <summary>What the last parameters are for.</summary>
    public HeadKind Head { get; }

    /// <summary>Whether the scalar head has a bias.</summary>
    public bool HasHeadBias { get; }

    /// <summary>All parameters under their Hugging Face names, in the order of the flat buffers, which they cover without gaps.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>[P] all weights.</summary>
    public View<float> Weights
    {
        get
        {
            ThrowIfDisposed();
            return View<float>.Vector(_weights, _elements);
        }
    }

    /// <summary>[P] all gradients, made (zero) at the first use; <see cref="Backward"/> adds to them.</summary>
    public View<float> Gradients
    {
        get
        {
            ThrowIfDisposed();
            if (_gradients == null)
                _gradients = TorchApi.Gradients(_handle);
            return View<float>.Vector(_gradients, _elements);
        }
    }

    /// <summary>Sets all gradients to zero.</summary>
    public void ZeroGradients() => new Span<float>(Gradients.Pointer, _elements).Clear();

    /// <summary>A parameter by its Hugging Face name.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public Parameter Find(string name) =>
        _byName.TryGetValue(name, out Parameter? parameter) ? parameter : throw new ArgumentException($"the model has no parameter '{name}'");

    /// <summary>[rows, cols] the weight of a parameter.</summary>
    public View<float> Weight(Parameter parameter) => new(Weights.Pointer + parameter.Offset, parameter.Rows, parameter.Cols);

    /// <summary>[rows, cols] the gradient of a parameter.</summary>
    public View<float> Gradient(Parameter parameter) => new(Gradients.Pointer + parameter.Offset, parameter.Rows, parameter.Cols);

    /// <summary>Hidden states after the final norm.</summary>
    /// <param name="batch">[B, L] tokens.</param>
    /// <param name="rows">[N] flat positions b·L + t whose hidden states are wanted; left out: all B·L.</param>
    /// <param name="keep">Keep what <see cref="Backward"/> needs.</param>
    /// <returns>[N, H], zeros at padding; valid until this model's next forward.</returns>
    /// <exception cref="ArgumentException">A token id or position out of range (named), or views of other shapes.</exception>
    public ReadOnlyView<float> Forward(in TokenBatch batch, ReadOnlyView<int> rows = default, bool keep = false)
    {
        ThrowIfDisposed();
        _last = default;
        if (!rows.IsEmpty && (rows.Cols != 1 || !rows.IsContiguous))
            throw new ArgumentException($"rows is {rows}, expected a contiguous vector");
        int count = rows.IsEmpty ? batch.Batch * batch.Length : rows.Rows;
        float* hidden = TorchApi.Forward(_handle, batch.ToNative(), rows.Pointer, count, keep);
        _last = (new ReadOnlyView<float>(hidden, count, Config.HiddenSize), keep);
        return _last.Hidden;
    }

    /// <summary>Adds the gradients of all parameters but the head's, given the gradient at the last kept forward's hidden states.</summary>
    /// <param name="gradHidden">[N, H], contiguous, rows as <see cref="Forward"/> returned them.</param>
    public void Backward(ReadOnlyView<float> gradHidden)
    {
        ThrowIfDisposed();
        if (!_last.Kept)
            throw new InvalidOperationException("Backward needs a Forward with keep: true before it");
        Require.Shape(gradHidden, _last.Hidden.Rows, _last.Hidden.Cols);
        if (!gradHidden.IsContiguous)
            throw new ArgumentException("gradHidden is expected in contiguous memory");
        _last.Kept = false;
        TorchApi.Backward(_handle, gradHidden.Pointer);
    }

    /// <summary>Name of the first parameter that holds a NaN or an infinity, in its gradients or its weights; null when all are finite.</summary>
    public string? FirstNonFinite(bool gradients)
    {
        float* values = gradients ? Gradients.Pointer : Weights.Pointer;
        foreach (Parameter parameter in Parameters)
        {
            // A sum is finite only if every term is: one pass without a branch per element, exact enough since f64 cannot overflow here.
            double sum = 0;
            foreach (float value in new ReadOnlySpan<float>(values + parameter.Offset, parameter.Count))
                sum += value;
            if (!double.IsFinite(sum))
                return parameter.Name;
        }

        return null;
    }

    /// <summary>Copies all weights; where the heads differ, those of the layers only.</summary>
    /// <exception cref="ArgumentException">The models are not of one shape (named).</exception>
    public void CopyWeightsFrom(Transformer other)
    {
        foreach (Parameter parameter in Parameters)
        {
            if (!other._byName.TryGetValue(parameter.Name, out Parameter? source))
            {
                if (parameter.Name.StartsWith(ParameterNames.Head(Config.Family, Head) + ".", StringComparison.Ordinal))
                    continue;
                throw new ArgumentException($"the source model has no parameter '{parameter.Name}'");
            }

            Require.Shape<float>(other.Weight(source), parameter.Rows, parameter.Cols, parameter.Name);
            new ReadOnlySpan<float>(other.Weight(source).Pointer, source.Count).CopyTo(new Span<float>(Weight(parameter).Pointer, parameter.Count));
        }
    }

    /// <summary>Gives back the workspace of forward and backward; the next forward makes it anew.</summary>
    public void Trim()
    {
        ThrowIfDisposed();
        _last = default;
        TorchApi.Trim(_handle);
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    internal DecoderHandle CreateDecoder(int sequences, int capacity)
    {
        ThrowIfDisposed();
        return TorchApi.CreateDecoder(_handle, sequences, capacity);
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
}
