using System.Collections.Concurrent;
using System.Text;
using Rlhf.Models.Checkpoints;

namespace Rlhf.Models.Tokenization;

/// <summary>
/// Byte-level byte-pair encoding (Sennrich et al. 2016, on bytes as in GPT-2): text ↔ token ids, from and to the files of Hugging Face
/// and OpenAI. Any text can be encoded; decoding gives it back. Safe for use by several threads at once.
/// </summary>
public sealed class BpeTokenizer
{
    // Words repeat; a few tens of thousands cover nearly all of a natural text. The bounds keep the cache at some megabytes.
    private const int MaxCachedPieces = 1 << 16;
    private const int MaxCachedLength = 48;

    private readonly BpeDefinition _definition;
    private readonly BpeMerger _merger;
    private readonly AddedTokenMatcher _added;
    private readonly Dictionary<int, AddedToken> _addedById;
    private readonly byte[]?[] _bytes;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _wholePieces;
    private readonly ConcurrentDictionary<string, int[]> _cache = new();
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _cacheLookup;
    private int _cached;

    internal BpeTokenizer(BpeDefinition definition)
    {
        _definition = definition;
        PairTable pairs = new(definition.MergeIds.Count);
        for (int rank = 0; rank < definition.MergeIds.Count; rank++)
        {
            (int left, int right, int result) = definition.MergeIds[rank];
            pairs.Set(left, right, rank, result);
        }

        _merger = new BpeMerger(pairs, definition.ByteIds);
        _added = new AddedTokenMatcher(definition.Added);
        _addedById = definition.Added.ToDictionary(token => token.Id);
        _bytes = new byte[]?[definition.Tokens.Length];
        for (int id = 0; id < _bytes.Length; id++)
        {
            if (definition.Tokens[id] is { } token)
                _bytes[id] = _addedById.ContainsKey(id) ? Encoding.UTF8.GetBytes(token) : ByteLevel.Unspell(token);
        }

        _wholePieces = definition.Vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        _cacheLookup = _cache.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>One more than the largest id: the number of rows an embedding needs.</summary>
    public int VocabSize => _bytes.Length;

    /// <summary>Tokens that are recognised in the text, by id.</summary>
    public IReadOnlyList<AddedToken> AddedTokens => _definition.Added;

    /// <summary>
    /// Loads a directory (<c>tokenizer.json</c>, else <c>vocab.json</c> + <c>merges.txt</c>, else <c>encoder.json</c> + <c>vocab.bpe</c>)
    /// or a <c>tokenizer.json</c> file.
    /// </summary>
    /// <exception cref="DataFormatException">Missing, malformed, or of a kind that is not supported; one line names file and field.</exception>
    public static BpeTokenizer Load(string path)
    {
        if (!Directory.Exists(path))
            return new BpeTokenizer(TokenizerJson.Read(path));
        string json = Path.Combine(path, "tokenizer.json");
        if (File.Exists(json))
            return new BpeTokenizer(TokenizerJson.Read(json));
        foreach ((string vocabulary, string merges) in new[] { ("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe") })
        {
            if (File.Exists(Path.Combine(path, vocabulary)))
                return Load(Path.Combine(path, vocabulary), Path.Combine(path, merges));
        }

        throw new DataFormatException($"{path}: no tokenizer in this directory, expected tokenizer.json, vocab.json + merges.txt or encoder.json + vocab.bpe");
    }

    /// <summary>Loads a vocabulary and its merges. <c>&lt;|endoftext|&gt;</c> is a special token if the vocabulary has it.</summary>
    /// <exception cref="DataFormatException">Missing or malformed.</exception>
    public static BpeTokenizer Load(string vocabularyPath, string mergesPath) => new(VocabularyFiles.Read(vocabularyPath, mergesPath));

    /// <summary>Writes <c>tokenizer.json</c>, <c>vocab.json</c> and <c>merges.txt</c>, each aside and renamed.</summary>
    public void Save(string directory)
    {
        Directory.CreateDirectory(directory);
        VocabularyFiles.Write(_definition, directory);
        DurableFile.Write(Path.Combine(directory, "tokenizer.json"), stream => TokenizerJson.Write(_definition, stream));
    }

    /// <summary>Token ids of a text. Nothing is added around it.</summary>
    /// <param name="text">Any text; an unpaired surrogate counts as U+FFFD.</param>
    /// <param name="recognizeAdded">
    /// Whether added tokens written out in the text become their ids. Pass false for text of unknown origin that must not be able to
    /// forge control tokens.
    /// </param>
    public int[] Encode(ReadOnlySpan<char> text, bool recognizeAdded = true)
    {
        List<int> ids = new(text.Length / 3 + 8);
        AddedToken? token = null;
        do
        {
            int at = recognizeAdded ? _added.Find(text, out token) : -1;
            EncodePlain(at < 0 ? text : text[..at], ids);
            if (token is not null)
            {
                ids.Add(token.Id);
                text = text[(at + token.Content.Length)..];
            }
        }
        while (token is not null);
        return [.. ids];
    }

    /// <summary>The text of a sequence of ids. Bytes that are not UTF-8 become U+FFFD, one for each maximal ill-formed part.</summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="skipSpecial">Leaves control tokens out.</param>
    /// <exception cref="DataFormatException">An id that no token has.</exception>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = false)
    {
        // Over the bytes of the whole sequence: a character may be spread over several tokens.
        using MemoryStream bytes = new(ids.Length * 4);
        foreach (int id in ids)
        {
            ReadOnlySpan<byte> token = Bytes(id);
            if (!skipSpecial || !IsSpecial(id))
                bytes.Write(token);
        }

        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    /// <summary>The bytes that a token stands for; not necessarily whole characters.</summary>
    /// <exception cref="DataFormatException">No token has the id.</exception>
    public ReadOnlySpan<byte> Bytes(int id) =>
        (uint)id < (uint)_bytes.Length && _bytes[id] is { } bytes
            ? bytes
            : throw new DataFormatException($"{_definition.Source}: no token has id {id}, expected 0 to {_bytes.Length - 1}");

    /// <summary>Id of a token as the files spell it (<c>Ġthe</c>) or of an added token; null if there is none.</summary>
    public int? TokenToId(string token)
    {
        AddedToken? added = _definition.Added.Find(candidate => candidate.Content == token);
        if (added is not null)
            return added.Id;
        return _definition.Vocabulary.TryGetValue(token, out int id) ? id : null;
    }

    /// <summary>A token as the files spell it.</summary>
    /// <exception cref="DataFormatException">No token has the id.</exception>
    public string IdToToken(int id)
    {
        Bytes(id);
        return _definition.Tokens[id]!;
    }

    /// <summary>Whether the id is a control token.</summary>
    public bool IsSpecial(int id) => _addedById.TryGetValue(id, out AddedToken? token) && token.Special;

    private void EncodePlain(ReadOnlySpan<char> text, List<int> ids)
    {
        if (_definition.NormalizesToNfc)
            text = Nfc.Normalize(text);
        while (!text.IsEmpty)
        {
            int length = _definition.Splitter.Next(text);
            EncodePiece(text[..length], ids);
            text = text[length..];
        }
    }

    private void EncodePiece(ReadOnlySpan<char> piece, List<int> ids)
    {
        if (piece.Length > MaxCachedLength)
        {
            EncodeUncached(piece, ids);
            return;
        }

        if (_cacheLookup.TryGetValue(piece, out int[]? cached))
        {
            ids.AddRange(cached);
            return;
        }

        int start = ids.Count;
        EncodeUncached(piece, ids);
        if (_cached < MaxCachedPieces && _cacheLookup.TryAdd(piece, [.. ids[start..]]))
            Interlocked.Increment(ref _cached);
    }

    private void EncodeUncached(ReadOnlySpan<char> piece, List<int> ids)
    {
        int capacity = Encoding.UTF8.GetMaxByteCount(piece.Length);
        Span<byte> bytes = capacity <= 256 ? stackalloc byte[256] : new byte[capacity];
        bytes = bytes[..Encoding.UTF8.GetBytes(piece, bytes)];
        if (_definition.IgnoreMerges && TryWhole(bytes, out int id))
            ids.Add(id);
        else
            _merger.Encode(bytes, ids);
    }

    private bool TryWhole(ReadOnlySpan<byte> bytes, out int id)
    {
        Span<char> letters = bytes.Length <= 256 ? stackalloc char[bytes.Length] : new char[bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
            letters[i] = ByteLevel.Letter(bytes[i]);
        return _wholePieces.TryGetValue(letters, out id) && !_addedById.ContainsKey(id);
    }
}
