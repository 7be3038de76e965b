using Rlhf.Models;
using Rlhf.Models.Tokenization;

namespace Rlhf.Training.Data;

/// <summary>A tokenizer together with the vocabulary of the model it feeds: every id that comes out has a row in the embedding.</summary>
public sealed class TextEncoder
{
    private readonly int? _eosId;

    /// <summary>Checks that the two fit.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="vocabSize">Rows of the model's embedding; may exceed the tokenizer's (Pythia pads it).</param>
    /// <param name="eosId">Token that ends a text; left out: <c>&lt;|endoftext|&gt;</c>, if the tokenizer has it.</param>
    /// <exception cref="DataFormatException">The tokenizer has ids the model has no row for, or the end token is not one of them.</exception>
    public TextEncoder(BpeTokenizer tokenizer, int vocabSize, int? eosId = null)
    {
        Tokenizer = tokenizer;
        VocabSize = vocabSize;
        _eosId = eosId ?? tokenizer.TokenToId("<|endoftext|>");
        if (tokenizer.VocabSize > vocabSize)
            throw new DataFormatException($"tokenizer: {tokenizer.VocabSize} token ids, expected at most the model's vocabulary of {vocabSize}");
        if (_eosId is { } eos && (uint)eos >= (uint)vocabSize)
            throw new DataFormatException($"eos_token_id: {eos}, expected 0 to {vocabSize - 1}");
    }

    /// <summary>The tokenizer.</summary>
    public BpeTokenizer Tokenizer { get; }

    /// <summary>Rows of the model's embedding.</summary>
    public int VocabSize { get; }

    /// <summary>Token that ends a text.</summary>
    /// <exception cref="DataFormatException">There is none.</exception>
    public int EosId => _eosId ?? throw new DataFormatException("tokenizer: no end-of-text token, expected '<|endoftext|>' or eos_token_id in config.json");

    /// <summary>Tokens of a text. Control tokens written out in it are plain text: data must not be able to forge an end of text.</summary>
    public TokenText Encode(string text) => new(text, Tokenizer.Encode(text, recognizeAdded: false));

    /// <summary>Text of given tokens.</summary>
    /// <exception cref="DataFormatException">An id out of range; names its index.</exception>
    public TokenText FromIds(int[] ids)
    {
        for (int i = 0; i < ids.Length; i++)
        {
            if ((uint)ids[i] >= (uint)VocabSize)
                throw new DataFormatException($"element {i}: token id {ids[i]}, expected 0 to {VocabSize - 1}");
        }

        return new TokenText(Decode(ids), ids);
    }

    /// <summary>Text of a model's tokens; an id beyond the tokenizer's (a padded embedding has such rows) shows as U+FFFD.</summary>
    public string Decode(ReadOnlySpan<int> ids)
    {
        if (ids.ContainsAnyExceptInRange(0, Tokenizer.VocabSize - 1))
            return string.Concat(ids.ToArray().Select(id => id < Tokenizer.VocabSize ? Tokenizer.Decode([id]) : "\uFFFD"));
        return Tokenizer.Decode(ids);
    }
}
