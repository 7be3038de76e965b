namespace Rlhf.Models.Tokenization;

/// <summary>
/// Cuts text into the pieces within which merges happen. The patterns of the published tokenizers are written out by hand: .NET's
/// expressions work on UTF-16 units, which would cut letters beyond the basic plane, and are several times slower.
/// </summary>
internal abstract class PieceSplitter
{
    /// <summary>Length of the first piece of a non-empty text, in UTF-16 units.</summary>
    public abstract int Next(ReadOnlySpan<char> text);

    /// <summary>The expression as tokenizer.json writes it, or null for the one that the ByteLevel component has built in.</summary>
    public abstract string? Expression { get; }

    /// <summary>The splitter for an expression found in a tokenizer.json, or null if it is not a known one.</summary>
    public static PieceSplitter? ForExpression(string expression) => expression switch
    {
        Gpt2Splitter.Pattern => new Gpt2Splitter(),
        Gpt4Splitter.Llama3Pattern => new Gpt4Splitter(3),
        Gpt4Splitter.QwenPattern => new Gpt4Splitter(1),
        _ => null,
    };

    /// <summary>
    /// Length of the piece of white space that <c>\s+(?!\S)|\s+</c> matches: all of it at the end of the text, else all but the last
    /// character, which goes with the word after it; a single one stands alone. White space is never beyond the basic plane.
    /// </summary>
    protected static int SpacePiece(int runEnd, int textLength) => runEnd == textLength || runEnd == 1 ? runEnd : runEnd - 1;
}
