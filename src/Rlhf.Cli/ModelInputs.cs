using Rlhf.Models;
using Rlhf.Models.Checkpoints;
using Rlhf.Models.Tokenization;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Data;

namespace Rlhf.Cli;

/// <summary>Finds models and tokenizers as verbs are told of them.</summary>
internal static class ModelInputs
{
    /// <summary>The model directory itself, where a run or checkpoint was named.</summary>
    public static string Directory(string path) => System.IO.Directory.Exists(path)
        ? TrainingRun.ResolveModel(path)
        : throw new DataFormatException($"{path}: no such directory, expected a model or a training run");

    /// <summary>The tokenizer that was named, else the model's, checked against the model's vocabulary.</summary>
    public static TextEncoder Encoder(string? tokenizer, string? model, ModelConfig config)
    {
        string path = tokenizer ?? model ?? throw new DataFormatException("--tokenizer is missing, expected a folder or tokenizer.json");
        return new TextEncoder(BpeTokenizer.Load(path), config.VocabSize, config.EosTokenIds.Count > 0 ? config.EosTokenIds[0] : null);
    }

    /// <summary>Most positions of a sequence; rotary models have no end.</summary>
    public static int PositionLimit(ModelConfig config) => config.RotaryDims == 0 ? config.MaxPositions : int.MaxValue;

    /// <summary>Loads a language model; weights that are NaN or infinite are an error before anything is done with them.</summary>
    public static LanguageModel LoadLanguage(string directory)
    {
        LanguageModel model = LanguageModel.Load(directory);
        return RequireFinite(model, model.Transformer, directory);
    }

    /// <summary>Loads a reward model, as <see cref="LoadLanguage"/>.</summary>
    public static ScalarModel LoadReward(string directory)
    {
        ScalarModel model = ScalarModel.Load(directory);
        return RequireFinite(model, model.Transformer, directory);
    }

    /// <summary>Whether a model directory holds a scalar head.</summary>
    public static bool IsRewardModel(string directory)
    {
        using ICheckpoint checkpoint = Checkpoint.Open(directory);
        return checkpoint.Tensors.Any(tensor => tensor.Name == "score.weight");
    }

    private static T RequireFinite<T>(T model, Transformer transformer, string directory)
        where T : IDisposable
    {
        if (transformer.FirstNonFinite(gradients: false) is not { } bad)
            return model;
        model.Dispose();
        throw new DataFormatException($"{directory}: tensor '{bad}' holds a NaN or an infinity, expected finite weights");
    }
}
