using System.Numerics.Tensors;
using Rlhf.Kernels.Memory;

namespace Rlhf.Models;

/// <summary>
/// A transformer with one number a position: a reward or a value model. Score = gain · (hidden · w + b) + bias, with gain and bias those of
/// the config (1 and 0 unless a reward model was normalised).
/// </summary>
public sealed unsafe class ScalarModel : IDisposable
{
    private readonly Parameter _weight;
    private readonly Parameter? _bias;
    private ReadOnlyView<float> _hidden;
    private HostBuffer<float>? _gradHidden;

    private ScalarModel(Transformer transformer)
    {
        Transformer = transformer;
        _weight = transformer.Find("score.weight");
        _bias = transformer.HasHeadBias ? transformer.Find("score.bias") : null;
        Gain = transformer.Config.ScoreGain;
        Bias = transformer.Config.ScoreBias;
    }

    /// <summary>Layers, parameters, forward and backward.</summary>
    public Transformer Transformer { get; }

    /// <summary>The model as data; <see cref="Gain"/> and <see cref="Bias"/> as they were when it was made.</summary>
    public ModelConfig Config => Transformer.Config;

    /// <summary>Factor on the head's output; saved with the model.</summary>
    public float Gain { get; set; }

    /// <summary>Added after the gain; saved with the model.</summary>
    public float Bias { get; set; }

    /// <summary>Reads a directory in the layout of AutoModelForSequenceClassification with one label (<c>score.weight</c> [1, H]).</summary>
    /// <exception cref="DataFormatException">Missing, malformed or inconsistent; one line naming file and field or tensor (with both shapes).</exception>
    public static ScalarModel Load(string directory)
    {
        bool bias;
        using (Checkpoints.ICheckpoint checkpoint = Checkpoints.Checkpoint.Open(directory))
            bias = checkpoint.Tensors.Any(tensor => tensor.Name == "score.bias");
        Transformer transformer = new(ModelConfigReader.Read(directory), HeadKind.Scalar, bias);
        try
        {
            ModelFiles.Load(transformer, directory, withHead: true);
            return new ScalarModel(transformer);
        }
        catch
        {
            transformer.Dispose();
            throw;
        }
    }

    /// <summary>A scalar head on a copy of a model's layers: a reward model from an SFT model, a value model from either.</summary>
    /// <param name="layers">The model whose layers are copied, with any head.</param>
    /// <param name="seed">Of the head's normal initialisation, deviation 1/√(H + 1).</param>
    /// <param name="zeroHead">Start the head at zero instead.</param>
    /// <param name="headBias">Give the head a bias.</param>
    public static ScalarModel FromLayers(Transformer layers, ulong seed, bool zeroHead = false, bool headBias = false)
    {
        Transformer transformer = new(layers.Config with { ScoreGain = 1, ScoreBias = 0 }, HeadKind.Scalar, headBias);
        // A language head that is tied lives in the embedding, which both have; an untied one is left behind.
        transformer.CopyWeightsFrom(layers);
        WeightInit.ScalarHead(transformer, seed, zeroHead);
        return new ScalarModel(transformer);
    }

    /// <summary>A model of its own with the same weights, gain and bias: a value model from a reward model.</summary>
    public ScalarModel Clone()
    {
        Transformer copy = new(Config, HeadKind.Scalar, Transformer.HasHeadBias);
        copy.CopyWeightsFrom(Transformer);
        return new ScalarModel(copy) { Gain = Gain, Bias = Bias };
    }

    /// <summary>Scores of the rows named (all B·L when left out).</summary>
    /// <param name="batch">[B, L] tokens.</param>
    /// <param name="rows">[N] flat positions b·L + t.</param>
    /// <param name="scores">[N] result; at padding the score of a zero hidden state.</param>
    /// <param name="keep">Keep what <see cref="Backward"/> needs.</param>
    public void Forward(in TokenBatch batch, ReadOnlyView<int> rows, View<float> scores, bool keep = false)
    {
        _hidden = Transformer.Forward(batch, rows, keep);
        Require.Shape<float>(scores, _hidden.Rows, 1);
        ReadOnlySpan<float> weight = new(Transformer.Weight(_weight).Pointer, _weight.Count);
        float offset = _bias is null ? 0 : Transformer.Weight(_bias)[0];
        for (int i = 0; i < _hidden.Rows; i++)
            scores[i] = (Gain * (TensorPrimitives.Dot(new ReadOnlySpan<float>(_hidden.Row(i), _hidden.Cols), weight) + offset)) + Bias;
    }

    /// <summary>Adds the gradients of all parameters, given d loss / d score of the last kept forward.</summary>
    /// <param name="gradScores">[N].</param>
    public void Backward(ReadOnlyView<float> gradScores)
    {
        Require.Shape(gradScores, _hidden.Rows, 1);
        int width = _hidden.Cols;
        long needed = (long)_hidden.Rows * width;
        if (_gradHidden is null || _gradHidden.Length < needed)
        {
            _gradHidden?.Dispose();
            _gradHidden = new HostBuffer<float>(needed);
        }

        View<float> gradHidden = _gradHidden.View(_hidden.Rows, width);
        ReadOnlySpan<float> weight = new(Transformer.Weight(_weight).Pointer, width);
        Span<float> gradWeight = new(Transformer.Gradient(_weight).Pointer, width);
        for (int i = 0; i < _hidden.Rows; i++)
        {
            float grad = gradScores[i] * Gain;
            TensorPrimitives.Multiply(weight, grad, new Span<float>(gradHidden.Row(i), width));
            TensorPrimitives.MultiplyAdd(new ReadOnlySpan<float>(_hidden.Row(i), width), grad, gradWeight, gradWeight);
            if (_bias is not null)
                Transformer.Gradient(_bias)[0] += grad;
        }

        Transformer.Backward(gradHidden);
    }

    /// <summary>Flat position of each sequence's last token that is not padding, as AutoModelForSequenceClassification pools.</summary>
    /// <param name="inputIds">[B, L] token ids.</param>
    /// <param name="padTokenId">What counts as padding.</param>
    /// <param name="rows">[B] result for <see cref="Forward"/>; the last column for a sequence of padding only.</param>
    public static void LastTokenRows(ReadOnlyView<int> inputIds, int padTokenId, View<int> rows)
    {
        Require.Shape<int>(rows, inputIds.Rows, 1);
        for (int b = 0; b < inputIds.Rows; b++)
        {
            int last = inputIds.Cols - 1;
            while (last > 0 && inputIds[b, last] == padTokenId)
                last--;
            rows[b] = (b * inputIds.Cols) + (inputIds[b, last] == padTokenId ? inputIds.Cols - 1 : last);
        }
    }

    /// <summary>Writes config.json (with gain and bias) and safetensors, atomically.</summary>
    /// <param name="directory">Replaced as a whole if it is an older checkpoint.</param>
    /// <param name="dtype">F32, BF16 or F16.</param>
    /// <param name="alsoWrite">Adds files (the tokenizer) to the directory before it takes its name.</param>
    public void Save(string directory, string dtype = "F32", Action<string>? alsoWrite = null) =>
        ModelFiles.Save(Transformer, Config with { ScoreGain = Gain, ScoreBias = Bias }, directory, dtype, alsoWrite);

    /// <inheritdoc/>
    public void Dispose()
    {
        _gradHidden?.Dispose();
        Transformer.Dispose();
    }
}
