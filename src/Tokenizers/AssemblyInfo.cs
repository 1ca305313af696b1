using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("AlpacaCot.Tokenizers.Tests")]
