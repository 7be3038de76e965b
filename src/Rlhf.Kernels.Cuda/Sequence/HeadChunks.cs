using Rlhf.Kernels.Cuda.Blas;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>
/// The fused head's walk in chunks of rows, as HeadPass on the processor: logits by a product, row kernel, gradients by two products.
/// The workspace holds per row of a chunk the f32 logits, over which the row kernel writes their gradients in the head's storage type,
/// and the hidden state: no more than <see cref="LinearLogprobsWorkspace.Minimum"/> counts. Masked rows are not packed away, which
/// would need their number on the host: their logit gradients are zeros.
/// </summary>
/// <typeparam name="T">Storage of hidden states, weight and logit gradients.</typeparam>
internal readonly unsafe struct HeadChunks<T>
    where T : unmanaged
{
    private readonly CudaLauncher _cuda;
    private readonly LinearHead<T> _head;
    private readonly LinearHeadGradients _gradients;
    private readonly float _alpha;
    private readonly int _chunkRows;
    private readonly DeviceView _hidden, _weight, _logits, _grads, _counted;

    /// <param name="cuda">Where to launch.</param>
    /// <param name="head">Hidden states and weight.</param>
    /// <param name="gradients">What is wanted.</param>
    /// <param name="workspace">At least <see cref="LinearLogprobsWorkspace.Minimum"/> bytes.</param>
    /// <param name="gradScale">What the row kernel multiplies the logit gradients by; taken out again by the products.</param>
    public HeadChunks(CudaLauncher cuda, in LinearHead<T> head, in LinearHeadGradients gradients, View<byte> workspace, float gradScale)
    {
        const long Alignment = 64;
        _cuda = cuda;
        _head = head;
        _gradients = gradients;
        _alpha = 1f / gradScale;
        _hidden = DeviceView.Of(head.Hidden, "Hidden");
        _weight = DeviceView.Of(head.Weight, "Weight");
        int rows = head.Hidden.Rows, vocab = head.Weight.Rows, hiddenSize = head.Weight.Cols;
        if (rows == 0)
        {
            return;
        }

        long pitch = LinearLogprobsWorkspace.LogitsPitch(vocab);
        _chunkRows = LinearLogprobsWorkspace.ChunkRows(workspace.Count, rows, vocab, hiddenSize, typeof(T) != typeof(float));
        nint first = (nint)((DeviceView.Of(workspace, "Workspace").Data + Alignment - 1) / Alignment * Alignment);
        _logits = new DeviceView { Data = first, Stride = pitch };
        _grads = AnyGradient ? new DeviceView { Data = first, Stride = pitch * sizeof(float) / sizeof(T) } : default;
        _counted = new DeviceView { Data = first + (nint)(pitch * _chunkRows * sizeof(float)), Stride = hiddenSize };
    }

    private bool AnyGradient => !_gradients.Hidden.IsEmpty || !_gradients.Weight.IsEmpty || !_gradients.Bias.IsEmpty;

    public void Run<TRows>(in TRows rows)
        where TRows : struct, IHeadLaunch<T>
    {
        bool accumulate = _gradients.Accumulate;
        for (int begin = 0; begin < _head.Hidden.Rows; begin += _chunkRows)
        {
            int count = Math.Min(_chunkRows, _head.Hidden.Rows - begin);
            Logits(begin, count);
            rows.Launch(_cuda, _logits, _grads, begin, count);
            Gradients(begin, count, accumulate);
            accumulate = true;
        }

        // Without a row there was no chunk to overwrite them.
        if (!accumulate)
        {
            Gradients(0, 0, accumulate);
        }
    }

    private void Logits(int begin, int count)
    {
        int vocab = _head.Weight.Rows, hiddenSize = _head.Weight.Cols;
        HeadOperand hidden = new(From(_hidden, begin), hiddenSize), weight = new(_weight, hiddenSize, transposed: true);
        _cuda.Gemm.Multiply<T>(count, vocab, hiddenSize, hidden, weight, _logits);
    }

    private void Gradients(int begin, int count, bool accumulate)
    {
        int vocab = _head.Weight.Rows, hiddenSize = _head.Weight.Cols;
        if (!_gradients.Bias.IsEmpty)
        {
            BiasGradient(count, accumulate);
        }

        if (!_gradients.Hidden.IsEmpty)
        {
            View<float> to = _gradients.Hidden.SliceRows(begin, count);
            _cuda.Gemm.Multiply<T>(count, hiddenSize, vocab, new(_grads, vocab), new(_weight, hiddenSize), DeviceView.Of(to), _alpha);
        }

        if (!_gradients.Weight.IsEmpty)
        {
            HeadOperand grads = new(_grads, vocab, transposed: true), hidden = new(Counted(begin, count), hiddenSize);
            _cuda.Gemm.Multiply<T>(vocab, hiddenSize, count, grads, hidden, DeviceView.Of(_gradients.Weight), _alpha, accumulate);
        }
    }

    private void BiasGradient(int count, bool accumulate)
    {
        const int Warp = 32, PackBytes = 16;
        BiasGradientParams parameters = new()
        {
            Grads = _grads,
            Sums = DeviceView.Of(_gradients.Bias),
            Rows = count,
            Vocab = _head.Weight.Rows,
            Accumulate = accumulate ? 1 : 0,
            Alpha = _alpha,
        };
        int columns = Warp * (PackBytes / sizeof(T));
        string entry = Dtype.Suffix<T>() switch
        {
            "f32" => "rlhf_bias_gradient_f32",
            "bf16" => "rlhf_bias_gradient_bf16",
            _ => "rlhf_bias_gradient_f16",
        };
        _cuda.Launch(_cuda.Function("sequence/bias_gradient", entry), (_head.Weight.Rows + columns - 1) / columns, parameters);
    }

    // The chunk's hidden states, zeros where the mask leaves a row out.
    private DeviceView Counted(int begin, int count)
    {
        if (_head.Mask.IsEmpty || count == 0)
        {
            return From(_hidden, begin);
        }

        LinearCountedRowsParams parameters = new()
        {
            Hidden = From(_hidden, begin),
            Mask = DeviceView.Of(_head.Mask.SliceRows(begin, count)),
            Counted = _counted,
            Rows = count,
            HiddenSize = _head.Weight.Cols,
        };
        string entry = Dtype.Suffix<T>() switch
        {
            "f32" => "rlhf_linear_counted_rows_f32",
            "bf16" => "rlhf_linear_counted_rows_bf16",
            _ => "rlhf_linear_counted_rows_f16",
        };
        _cuda.Launch(_cuda.Function("sequence/linear_counted_rows", entry), count, parameters);
        return _counted;
    }

    private static DeviceView From(DeviceView view, int row) =>
        new() { Data = view.Data + (nint)(row * view.Stride * sizeof(T)), Stride = view.Stride };
}
